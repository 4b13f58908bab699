/* Chance, passed in so that a test can fix it: the same seed gives the same throws everywhere.
 * The generator is xoshiro256++ (Blackman and Vigna 2021), seeded by splitmix64. */
#ifndef RUNG_BASE_DICE_H
#define RUNG_BASE_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state[4];
};

struct dice dice_from_seed(uint64_t seed);
struct dice dice_from_system(void); /* seeded by the kernel */

uint64_t dice_next(struct dice *dice);
double dice_unit(struct dice *dice);                /* uniform on [0, 1) */
uint64_t dice_below(struct dice *dice, uint64_t n); /* uniform on 0 … n-1, without bias; n > 0 */
void dice_shuffle(struct dice *dice, size_t *items, size_t n);

#endif
