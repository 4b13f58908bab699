/* What an earlier start of a run left in its journal. */
#ifndef RUNG_RUN_RESUME_H
#define RUNG_RUN_RESUME_H

#include "engine.h"

/* The first line of a journal. */
void resume_write_head(struct run *run, struct emit *line);

/* Reads the whole journal that the run has taken into settings, base commit and slots. */
bool resume_read(struct run *run, struct failure *failure) MUST_USE;

#endif
