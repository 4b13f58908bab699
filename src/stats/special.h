/* What only this room sees of its special functions. */
#ifndef RUNG_STATS_SPECIAL_H
#define RUNG_STATS_SPECIAL_H

/* The Beta(a, b) distribution, with what does not depend on the point. a, b > 0. */
struct beta_shape {
    double a, b;
    double log_scale;
};
struct beta_shape beta_shape(double a, double b);

/* At a point given as x and y = 1 - x, so that neither loses digits: both tails and the factor
 * x^a y^b / B(a, b), as logarithms. */
struct beta_point {
    double log_below, log_above, log_factor;
};
struct beta_point beta_at(const struct beta_shape *shape, double x, double y);

#endif
