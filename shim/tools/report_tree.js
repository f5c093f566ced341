/* SPDX-License-Identifier: MIT */
/* The page's script, second part: processes; and what begins when the page is there. */
/* ---- processes ---- */

const images = data.images, children = new Map(), chain = new Map();

function headOf(i) {
	while (images[i][P.before])
		i = images[i][P.before] - 1;
	return i;
}

function plant() {
	images.forEach((image, i) => {
		if (image[P.before])
			push(chain, headOf(i), i);
		else
			push(children, image[P.parent] ? headOf(image[P.parent] - 1) : "host " + image[P.host], i);
	});
	for (const list of children.values())
		list.sort((a, b) => images[a][P.start] - images[b][P.start] || a - b);
}

const badge = (cls, words) => make("span", { class: "badge " + cls }, words);

function nameOf(image, then) {
	const flags = image[P.flags], out = [then ? "then " : "", make("strong", null, base(text[image[P.exe]])), " ", make("span", { class: "dim" }, "pid " + image[P.pid] + ", " + when(image[P.start])), " ",
		text[image[P.command]] ? make("code", null, text[image[P.command]]) : ""];
	if (image[P.kind])
		out.push(badge(image[P.kind] === 1 ? "warning" : "note", KIND[image[P.kind]]), image[P.kind] === 1 ? " " + text[image[P.why]] : "");
	else
		out.push(badge("note", "guarded"));
	if (flags & 2)
		out.push(badge("note", "until a seccomp filter"));
	else if (!image[P.kind] && !(flags & 1))
		out.push(badge("note", "no end told"));
	for (const [at, cls, one, many] of [[P.errors, "error", "error", "errors"], [P.warnings, "warning", "warning", "warnings"]])
		if (image[at] && image[P.kind] !== 1)
			out.push(badge(cls, counted(image[at], one, many)));
	return out.filter(part => part !== "");
}

function label(i) {
	const out = nameOf(images[i], false);
	for (const later of chain.get(i) || [])
		out.push(make("br"), ...nameOf(images[later], true));
	return out;
}

const isQuiet = i => !children.has(i) && !chain.has(i) && images[i][P.kind] === 0 && !images[i][P.errors] && !images[i][P.warnings];

/* Children that have nothing to tell are one line for each program. */
function list(of) {
	const ul = make("ul"), quiet = new Map(), told = [];
	for (const i of children.get(of) || [])
		if (isQuiet(i))
			push(quiet, images[i][P.exe], i);
		else
			told.push(i);
	let at = 0;
	const put = () => {
		for (const end = Math.min(at + SIBLINGS, told.length); at < end; at++)
			ul.append(node(told[at]));
		if (at < told.length) {
			const button = make("button", { type: "button" }, "Show more of " + count(told.length - at));
			const li = make("li", null, button);
			button.addEventListener("click", () => { li.remove(); put(); });
			ul.append(li);
		}
	};
	for (const [exe, group] of quiet)
		ul.append(group.length < 4 ? make("span") : make("li", { class: "leaf" }, make("strong", null, base(text[exe])), " ", make("span", { class: "dim" }, "× " + count(group.length) + ", " +
			when(images[group[0]][P.start]) + " to " + when(images[group[group.length - 1]][P.start])), badge("note", "guarded")));
	ul.querySelectorAll(":scope > span").forEach(span => span.remove());
	for (const group of quiet.values())
		if (group.length < 4)
			told.push(...group);
	told.sort((a, b) => images[a][P.start] - images[b][P.start] || a - b);
	put();
	return ul;
}

function node(i) {
	if (!children.has(i))
		return make("li", { class: "leaf" }, ...label(i));
	return make("li", null, fold(make("summary", null, ...label(i)), () => list(i), images.length <= OPEN_TREE));
}

function findPrograms() {
	const words = $("program").value.toLowerCase().split(/\s+/).filter(Boolean), found = [];
	if (!words.length) {
		$("found").textContent = "";
		growTree();
		return;
	}
	images.forEach((image, i) => {
		const line = (text[image[P.exe]] + " " + text[image[P.command]] + " " + image[P.pid] + " " + KIND[image[P.kind]]).toLowerCase();
		if (words.every(w => line.includes(w)))
			found.push(i);
	});
	$("found").textContent = counted(found.length, "program", "programs") + (found.length > FOUND ? "; the first " + FOUND + " are listed" : "");
	$("tree").replaceChildren(make("ul", null, ...found.slice(0, FOUND).map(i => make("li", { class: "leaf" }, ...nameOf(images[i], false)))));
}

function growTree() {
	const hosts = [...children.keys()].filter(k => typeof k === "string"), ul = make("ul");
	for (const host of hosts) {
		if (hosts.length === 1 && !text[+host.slice(5)]) {
			$("tree").replaceChildren(list(host));
			return;
		}
		ul.append(make("li", null, fold(make("summary", null, make("strong", null, text[+host.slice(5)] || "host not told")), () => list(host), images.length <= OPEN_TREE || hosts.length <= 8)));
	}
	$("tree").replaceChildren(ul);
}

function startProcesses() {
	const n = [0, 0, 0];
	let timer = 0;
	images.forEach(image => n[image[P.kind]]++);
	plant();
	$("covered").textContent = counted(n[0], "program", "programs") + " ran guarded; " + count(n[1]) + " did not; of " + count(n[2]) + " the logs have findings and no start (a forked child that runs no other program has none)." +
		(data.more_images ? " " + count(data.more_images) + " more are not on this page." : "");
	$("find").hidden = images.length === 0;
	$("program").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(findPrograms, 120); });
	$("find").addEventListener("submit", event => { event.preventDefault(); findPrograms(); });
	growTree();
}

/* Of very many findings the gravest are there at once; the others follow, part by part. */
function takeMore() {
	const part = document.querySelector("script.data");
	if (!part) {
		if (all.length > FIRST)
			offer();
		document.documentElement.dataset.ready = "yes";
		return;
	}
	const more = JSON.parse(part.textContent);
	part.remove();
	for (const s of more.strings)
		text.push(s);
	for (const f of more.findings)
		all.push(f);
	extend();
	setTimeout(takeMore, 0);
}

const FIRST = all.length;
startFindings();
startProcesses();
document.addEventListener("DOMContentLoaded", takeMore);
