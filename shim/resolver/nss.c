// SPDX-License-Identifier: MIT
#include "resolver/nss.h"

#include "base/poison.h"

static struct fdg_nss_step step_of(enum fdg_nss_source source)
{
	return (struct fdg_nss_step){ .source = source, .ends = { [FDG_NSS_SUCCESS] = true } };
}

/* Cuts off what comes before a blank or one of `ends`, which stays. */
static struct fdg_text cut(struct fdg_text *rest, char end, char other)
{
	struct fdg_text part = { rest->s, 0 };

	while (rest->n && !fdg_text_is_space(*rest->s) && *rest->s != end && *rest->s != other) {
		rest->s++;
		rest->n--;
		part.n++;
	}
	*rest = fdg_text_trim_start(*rest);
	return part;
}

static bool take(struct fdg_text *rest, char c)
{
	if (!rest->n || *rest->s != c)
		return false;
	rest->s++;
	rest->n--;
	return true;
}

static bool parse_status(struct fdg_text word, enum fdg_nss_status *ret)
{
	static const char *const names[] = { "SUCCESS", "NOTFOUND", "UNAVAIL", "TRYAGAIN" };

	for (unsigned i = 0; i < FDG_NSS_STATUSES; i++) {
		if (!fdg_text_is_any_case(word, names[i]))
			continue;
		*ret = (enum fdg_nss_status)i;
		return true;
	}
	return false;
}

/* NAME=return or NAME=continue, with a ! for all but NAME; merge is libc's. So is to go on after a success, which forgets some of what was found. */
static bool parse_action(struct fdg_text *rest, struct fdg_nss_step *step)
{
	bool all_but = take(rest, '!'), ends;
	enum fdg_nss_status status;
	struct fdg_text word;

	if (!parse_status(cut(rest, '=', ']'), &status) || !take(rest, '='))
		return false;
	*rest = fdg_text_trim_start(*rest);
	word = cut(rest, '=', ']');
	ends = fdg_text_is_any_case(word, "RETURN");
	if (!ends && !fdg_text_is_any_case(word, "CONTINUE"))
		return false;
	for (unsigned i = 0; i < FDG_NSS_STATUSES; i++)
		if ((i == status) != all_but)
			step->ends[i] = ends;
	return true;
}

static bool parse_step(struct fdg_text *rest, struct fdg_nss_step *ret)
{
	struct fdg_text word = cut(rest, '[', '[');

	if (!fdg_text_is(word, "files") && !fdg_text_is(word, "dns"))
		return false;
	*ret = step_of(fdg_text_is(word, "dns") ? FDG_NSS_DNS : FDG_NSS_FILES);
	if (!take(rest, '['))
		return true;
	*rest = fdg_text_trim_start(*rest);
	do
		if (!parse_action(rest, ret))
			return false;
	while (!take(rest, ']'));
	return ret->ends[FDG_NSS_SUCCESS];
}

static bool parse_steps(struct fdg_text rest, struct fdg_nss *ret)
{
	ret->count = 0;
	for (rest = fdg_text_trim_start(rest); rest.n; rest = fdg_text_trim_start(rest))
		if (ret->count == FDG_NSS_STEPS || !parse_step(&rest, &ret->step[ret->count++]))
			return false;
	return ret->count > 0;
}

bool fdg_nss_parse(struct fdg_text text, struct fdg_nss *ret)
{
	struct fdg_text line, last = { NULL, 0 };

	while (fdg_text_line(&text, &line)) {
		/* libc knows no comment behind words: each of its words is a source. */
		struct fdg_text rest = fdg_text_trim_start(line), name = fdg_text_until(&rest, ": \t\r\v\f");

		if (fdg_text_is(name, "hosts") && rest.s > name.s + name.n)
			last = rest;
	}
	if (last.s)
		return parse_steps(last, ret);
	*ret = (struct fdg_nss){ { step_of(FDG_NSS_FILES), step_of(FDG_NSS_DNS) }, 2 };
	return true;
}
