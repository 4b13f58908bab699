#include "dice.h"

#include "clock.h"

#include <sys/random.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct dice dice_from_seed(uint64_t seed)
{
    struct dice dice;
    for (int i = 0; i < 4; i++)
        dice.state[i] = splitmix(&seed);
    return dice;
}

struct dice dice_from_system(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)clock_now_ms() ^ ((uint64_t)clock_monotonic_us() << 32);
    return dice_from_seed(seed);
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t dice_next(struct dice *dice)
{
    uint64_t *s = dice->state;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double dice_unit(struct dice *dice)
{
    return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

uint64_t dice_below(struct dice *dice, uint64_t n)
{
    uint64_t beyond = (0 - n) % n; /* 2^64 mod n: throws below it would favour small results */
    uint64_t x = dice_next(dice);
    while (x < beyond)
        x = dice_next(dice);
    return x % n;
}

void dice_shuffle(struct dice *dice, size_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)dice_below(dice, i);
        size_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
