// SPDX-License-Identifier: MIT
/* Kinds of findings as SARIF has them: rules, with the help texts of explain. */
#include <ctype.h>
#include <stdlib.h>

#include "report/line.h"
#include "tools/explain.h"
#include "tools/sarif.h"

void sarif_put_message(struct jsonout *j, const char *name, const char *text)
{
	jsonout_object(j, name);
	jsonout_string(j, "text", text);
	jsonout_end_object(j);
}

/* cloexec.leaked -> CloexecLeaked */
static void put_rule_name(struct jsonout *j, const char *id)
{
	char name[64];
	size_t n = 0;

	for (bool up = true; *id && n + 1 < sizeof(name); id++) {
		if (isalnum((unsigned char)*id))
			name[n++] = up ? (char)toupper((unsigned char)*id) : *id;
		up = !isalnum((unsigned char)*id);
	}
	name[n] = '\0';
	jsonout_string(j, "name", name);
}

static void put_explained(struct jsonout *j, const char *name, const struct explanation *e, enum explain_format format)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return;
	explain_put(f, e, format);
	fclose(f);
	jsonout_text(j, name, text);
	free(text);
}

static void put_summary(struct jsonout *j, const struct explanation *e)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return;
	explain_put_summary(f, e);
	fclose(f);
	sarif_put_message(j, "fullDescription", text);
	free(text);
}

static void put_rule_properties(struct jsonout *j, const struct explanation *e)
{
	static const char *const severities[] = { [FDG_LEVEL_NOTE] = "recommendation", [FDG_LEVEL_WARNING] = "warning", [FDG_LEVEL_ERROR] = "error" };

	jsonout_object(j, "properties");
	jsonout_array(j, "tags");
	jsonout_string(j, NULL, "file-descriptors");
	jsonout_string(j, NULL, e->guard);
	jsonout_end_array(j);
	jsonout_string(j, "precision", "high");
	jsonout_string(j, "problem.severity", severities[e->default_level]);
	jsonout_end_object(j);
}

/* A finding of a later version: the forge wants a description and help all the same. */
static void put_unknown(struct jsonout *j)
{
	static const char text[] = "This version of fdguard does not know the finding; ask the one that reported it: fdguard explain ID.";

	jsonout_string(j, "name", "UnknownFinding");
	sarif_put_message(j, "shortDescription", "A finding that this version does not know");
	sarif_put_message(j, "fullDescription", text);
	jsonout_object(j, "help");
	jsonout_string(j, "text", text);
	jsonout_string(j, "markdown", text);
	jsonout_end_object(j);
	jsonout_object(j, "defaultConfiguration");
	jsonout_string(j, "level", "warning");
	jsonout_end_object(j);
}

static void put_known(struct jsonout *j, const struct explanation *e)
{
	put_rule_name(j, e->id);
	sarif_put_message(j, "shortDescription", e->title);
	put_summary(j, e);
	jsonout_object(j, "help");
	put_explained(j, "text", e, EXPLAIN_FLAT);
	put_explained(j, "markdown", e, EXPLAIN_MARKDOWN);
	jsonout_end_object(j);
	jsonout_object(j, "defaultConfiguration");
	jsonout_string(j, "level", fdg_level_word(e->default_level));
	jsonout_end_object(j);
	put_rule_properties(j, e);
}

void sarif_put_rule(struct jsonout *j, const char *id)
{
	const struct explanation *e = explain_find(id);

	jsonout_object(j, NULL);
	jsonout_string(j, "id", id);
	if (e)
		put_known(j, e);
	else
		put_unknown(j);
	jsonout_end_object(j);
}
