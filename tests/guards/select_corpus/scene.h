// SPDX-License-Identifier: MIT
#ifndef SELECT_CORPUS_SCENE_H
#define SELECT_CORPUS_SCENE_H

#include "corpus.h"
#include "verdict.h"

#define LOW 20
#define EARLY 700

/* Opens everything that a case needs, and starts what is to happen; ends the process with NO_SCENE if that fails. */
void scene_open(struct scene *ret_scene, const struct row *row, int fd, enum crowd crowd, bool ready);

/* What the program said, held against what there is. */
enum verdict scene_verdict(const struct scene *scene, const struct row *row, bool ready, enum outcome outcome);

/* Descriptors as a process has them that leaks: from `first` to `last`, what is open stays. Most can be written at once; some can be read at once;
   some cannot be read or written. */
void crowd_open(int first, int last);

#endif
