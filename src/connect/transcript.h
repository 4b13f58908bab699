/* Inside the room: sums over several transcripts. */
#ifndef RUNG_CONNECT_TRANSCRIPT_H
#define RUNG_CONNECT_TRANSCRIPT_H

#include "connect.h"

/* Adds requests, tokens and cost; which model served, and when, stays as it was. */
void transcript_add(struct connect_transcript *sum, const struct connect_transcript *transcript);

#endif
