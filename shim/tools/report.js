/* SPDX-License-Identifier: MIT */
/* The page's script, first part: findings. The build puts the parts into one function (report.cmake). What logs say comes as data and becomes text nodes: nothing here makes HTML of it. */
const PAGE = 50, OPEN_TREE = 60, FOUND = 200, SIBLINGS = 100;
const LEVEL = ["note", "warning", "error"], KIND = ["", "not guarded", "no start in the logs"];
const FINDING = ["id", "guard", "level", "fixed", "message", "exe", "fix", "suppress", "reports", "repeats", "most", "processes", "since", "first", "last", "frames", "facts",
	"hosts", "moreHosts", "peers", "morePeers", "places", "allPlaces"];
const IMAGE = ["host", "pid", "ppid", "parent", "before", "exe", "command", "start", "end", "kind", "flags", "why", "errors", "warnings", "notes"];
const I = Object.fromEntries(FINDING.map((name, i) => [name, i])), P = Object.fromEntries(IMAGE.map((name, i) => [name, i]));
const data = JSON.parse(document.getElementById("data").textContent);
document.getElementById("data").remove();
const text = data.strings, all = data.findings, kinds = new Map(data.kinds.map(k => [k[0], k]));
const $ = id => document.getElementById(id);
const count = n => n.toLocaleString("en-US");
const counted = (n, one, many) => count(n) + " " + (n === 1 ? one : many);
const base = path => path.slice(path.lastIndexOf("/") + 1) || path;
const when = ms => ms > 0 ? new Date(ms).toISOString().slice(0, 19).replace("T", " ") : "not known";

const since = (f, later) => f[I.since] === -1 ? "not known" : when(data.start + f[I.since] + later);

function make(tag, attributes, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		if (value !== null && value !== undefined && value !== false)
			e.setAttribute(name, value === true ? "" : value);
	e.append(...children.filter(c => c !== null && c !== undefined && c !== ""));
	return e;
}

/* Our own texts: paragraphs between empty lines, `code`, and lines that begin with four spaces. */
function prose(source) {
	return source.split(/\n[ \t]*\n/).filter(part => part.trim()).map(part => {
		if (/^(?: {4}.*\n?)+$/.test(part))
			return make("pre", null, part.replace(/^ {4}/gm, "").trimEnd());
		return make("p", null, ...part.trim().replace(/\n/g, " ").split("`").map((piece, i) => i % 2 ? make("code", null, piece) : piece));
	});
}

function push(map, key, value) {
	if (!map.has(key))
		map.set(key, []);
	map.get(key).push(value);
}

/* ---- findings ---- */

function pairs(list, width) {
	const out = [];
	for (let i = 0; i < list.length; i += width)
		out.push(list.slice(i, i + width));
	return out;
}

/* Of name, times, most, name, …: the names. */
const firsts = list => list.length === 3 ? [list[0]] : list.filter((n, i) => i % 3 === 0);

function names(list, more, empty) {
	const shown = pairs(list, 3).map(([name, times, most]) => (text[name] || empty) + " (" + counted(times, "report", "reports") + (most > 1 ? ", at most " + count(most) : "") + ")");
	if (more)
		shown.push("and " + counted(more, "report about others", "reports about others"));
	return shown.join(", ");
}

function term(list, label, ...value) {
	if (value.some(v => v !== ""))
		list.append(make("dt", null, label), make("dd", null, ...value));
}

function details(f) {
	const list = make("dl"), kind = kinds.get(text[f[I.id]]), body = make("div", { class: "body" });
	term(list, "what to do", text[f[I.fix]]);
	for (const [label, at] of pairs(f[I.frames], 2))
		term(list, text[label], make("code", null, text[at]));
	for (const [at, reports] of pairs(f[I.places], 2))
		term(list, "place", make("code", null, text[at]), ", " + counted(reports, "report", "reports"));
	if (f[I.allPlaces] * 2 > f[I.places].length && f[I.places].length)
		term(list, "places", count(f[I.allPlaces]) + " in all");
	term(list, "program", text[f[I.exe]]);
	for (const [label, fact] of pairs(f[I.facts], 2))
		term(list, text[label], text[fact]);
	term(list, "hosts", f[I.hosts].length > 3 || text[f[I.hosts][0]] ? names(f[I.hosts], f[I.moreHosts], "host not told") : "");
	term(list, "peers", names(f[I.peers], f[I.morePeers], "none"));
	term(list, "first told", since(f, f[I.first]) + " UTC");
	term(list, "last told", since(f, f[I.last]) + " UTC");
	if (f[I.repeats])
		term(list, "repeats", count(f[I.repeats]) + " that were only counted");
	term(list, "to let it through", make("code", null, text[f[I.suppress]]));
	body.append(list);
	if (kind)
		body.append(make("h4", null, kind[1]), ...prose(kind[2]), make("h4", null, "How to mend it"), ...prose(kind[3]));
	return body;
}

function fold(summary, fill, open) {
	const d = make("details", { open }, summary);
	let filled = false;
	const once = () => {
		if (d.open && !filled) {
			filled = true;
			d.append(fill());
		}
	};
	d.addEventListener("toggle", once);
	once();
	return d;
}

function entry(f) {
	const level = LEVEL[f[I.level]];
	const told = "since " + since(f, 0) + "; " + counted(f[I.reports], "report", "reports") + ", " + counted(f[I.processes], "process", "processes");
	return fold(make("summary", null, make("span", { class: "level " + level }, level), " ", text[f[I.message]], f[I.fixed] ? make("span", { class: "badge" }, "fixed by fdguard") : null, " ",
		make("span", { class: "dim ids" }, "[" + text[f[I.id]] + "]"), " ", make("span", { class: "dim" }, told)), () => details(f));
}

let shown = [], rendered = 0, section = null, sectionGuard = -1, perGuard = new Map();

const guardTitle = (guard, n) => text[guard] + " (" + counted(n, "finding", "findings") + ")";

function startGuard(guard) {
	const title = "guard-" + guard;
	sectionGuard = guard;
	section = make("section", { "aria-labelledby": title }, make("h3", { id: title }, guardTitle(guard, perGuard.get(guard))));
	$("list").append(section);
}

function renderMore() {
	const end = Math.min(rendered + PAGE, shown.length);
	for (; rendered < end; rendered++) {
		const f = all[shown[rendered]];
		if (f[I.guard] !== sectionGuard)
			startGuard(f[I.guard]);
		section.append(entry(f));
	}
	tellMore();
}

function tellMore() {
	$("more").hidden = rendered >= shown.length;
	$("more").firstChild.textContent = "Show " + count(Math.min(PAGE, shown.length - rendered)) + " more of " + count(shown.length - rendered);
}

const hay = [];

function haystack(i) {
	if (hay[i] === undefined) {
		const f = all[i], numbers = [f[I.id], f[I.message], f[I.exe], f[I.fix], ...f[I.frames], ...f[I.facts], ...firsts(f[I.hosts]), ...firsts(f[I.peers])];
		hay[i] = numbers.map(n => text[n]).join("\n").toLowerCase();
	}
	return hay[i];
}

function matches(i, words, want) {
	const f = all[i];
	return (want.guard === "" || f[I.guard] === +want.guard) && (want.id === "" || f[I.id] === +want.id) && f[I.level] >= +want.level &&
		(want.host === "" || f[I.moreHosts] > 0 || firsts(f[I.hosts]).includes(+want.host)) && words.every(w => haystack(i).includes(w));
}

/* Which findings are wanted, guard by guard; of those that came since the last time, too. */
let words = [], want = {}, wanted = new Map(), sifted = 0;

function sift() {
	for (; sifted < all.length; sifted++)
		if (matches(sifted, words, want))
			push(wanted, all[sifted][I.guard], sifted);
	perGuard = new Map([...wanted].map(([g, list]) => [g, list.length]));
	return [].concat(...wanted.values());
}

function select() {
	words = $("words").value.toLowerCase().split(/\s+/).filter(Boolean);
	want = { guard: $("guard").value, id: $("id").value, level: $("level").value, host: $("host").value };
	wanted = new Map();
	sifted = 0;
	return sift();
}

function tellCount() {
	const waiting = data.all > all.length ? "; " + count(data.all - all.length) + " more are being read" : "";
	$("count").textContent = (shown.length === all.length ? counted(all.length, "finding", "findings") : count(shown.length) + " of " + counted(all.length, "finding", "findings")) + waiting;
}

function apply() {
	shown = select();
	rendered = 0;
	section = null;
	sectionGuard = -1;
	$("list").replaceChildren();
	tellCount();
	renderMore();
}

/* More have come: what is on the screen stays, where nothing belongs before it. */
function extend() {
	const before = shown;
	shown = sift();
	for (let i = 0; i < rendered; i++)
		if (shown[i] !== before[i]) {
			apply();
			return;
		}
	for (const [guard, n] of perGuard) {
		const title = $("guard-" + guard);
		if (title)
			title.textContent = guardTitle(guard, n);
	}
	tellCount();
	tellMore();
}

function choices(select, first, index, label) {
	const counts = new Map();
	for (const f of all)
		for (const v of typeof index === "function" ? index(f) : [f[index]])
			counts.set(v, (counts.get(v) || 0) + 1);
	const was = select.value;
	select.replaceChildren(make("option", { value: "" }, first));
	for (const [v, n] of [...counts].sort((a, b) => text[a[0]] < text[b[0]] ? -1 : 1).slice(0, 2000))
		select.append(make("option", { value: v }, (text[v] || label) + " (" + count(n) + ")"));
	select.value = was;
}

function offer() {
	choices($("guard"), "all", I.guard, "");
	choices($("id"), "all", I.id, "");
	choices($("host"), "all", f => firsts(f[I.hosts]), "not told");
}

function startFindings() {
	let timer = 0;
	const later = () => {
		clearTimeout(timer);
		timer = setTimeout(apply, 120);
	};
	offer();
	for (const [value, label] of [[0, "all"], [1, "warnings and errors"], [2, "errors"]])
		$("level").append(make("option", { value }, label));
	$("filter").hidden = false;
	$("words").addEventListener("input", later);
	$("filter").addEventListener("change", apply);
	$("filter").addEventListener("submit", event => { event.preventDefault(); apply(); });
	$("filter").addEventListener("reset", () => setTimeout(apply, 0));
	$("more").firstChild.addEventListener("click", () => {
		const at = rendered;
		renderMore();
		document.querySelectorAll("#list summary")[at]?.focus();
	});
	document.querySelector("#glance").addEventListener("click", event => {
		const id = event.target.closest("a[data-id]")?.dataset.id;
		if (id === undefined)
			return;
		event.preventDefault();
		$("filter").reset();
		$("id").value = [...$("id").options].find(o => o.value !== "" && text[+o.value] === id)?.value || "";
		apply();
		$("findings-title").focus();
		$("findings-title").scrollIntoView();
	});
	apply();
}
