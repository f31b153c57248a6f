/*
 * SPDX-License-Identifier: MIT-0
 *
 * exp2_10: exp2(x) on (0, 1]: 10 operations, max relative error 2.229e-15
 *
 * Program:
 *     t0 = x + 5783.524242880763 / x
 *     t1 = 501.1041903316705 / (t0 + 15141.926513335273 / t0 + -250.55209516163774) + 0.9999999999999998
 *     t2 = t1 * t1
 *     t3 = t2 * t2
 *     y = t3 * t3
 * Scores:
 *     operations      10            operations on values that depend on x
 *     error           2.22899e-15   largest relative error, exact arithmetic, located extrema
 *     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
 *     absolute error  4.45798e-15   largest at 300 points, exact arithmetic
 *     in float64      3.46443e-15   largest relative error at 1000 points, every operation rounded
 *     in float32      7.50188e-07   largest relative error at 1000 points, every operation rounded
 * Status: rediscovered
 * Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
 * Find it again: discover run functions/exp2 --seed 0 --budget 300000
 *
 * Valid on (0, 1]. The constants are exact only without value-changing
 * optimisation: compile with -std=c99 or -ffp-contract=off, and without -ffast-math.
 * Self-test: cc -std=c99 -DEXP2_10_SELFTEST -x c exp2_10.h -o selftest -lm && ./selftest
 */
#ifndef EXP2_10_H
#define EXP2_10_H

#include <math.h>

/* exp2(x) on (0, 1]: 10 operations, max relative error 2.229e-15 (the error in exact arithmetic). */
static inline double exp2_10(double x)
{
    const double t0 = x + 0x1.6978634c80c0ap+12 / x;
    const double t1 = 0x1.f51aac37b3159p+8 / (t0 + 0x1.d92f697fd2d27p+13 / t0 - 0x1.f51aac378f072p+7) + 0x1.ffffffffffffep-1;
    const double t2 = t1 * t1;
    const double t3 = t2 * t2;
    return t3 * t3;
}

/* The same in float: its rounding comes on top. */
static inline float exp2_10f(float x)
{
    const float t0 = x + 0x1.697864p+12f / x;
    const float t1 = 0x1.f51aacp+8f / (t0 + 0x1.d92f6ap+13f / t0 - 0x1.f51aacp+7f) + 0x1p+0f;
    const float t2 = t1 * t1;
    const float t3 = t2 * t2;
    return t3 * t3;
}

#ifdef EXP2_10_SELFTEST
#include <stdio.h>

int main(void)
{
    int bad = 0;
    {
        static const double golden[][2] = { /* x, exp2_10(x) */
            {0x1p-3, 0x1.172b83c7d5182p+0},
            {0x1p-2, 0x1.306fe0a31b713p+0},
            {0x1.8p-2, 0x1.4bfdad5362a1fp+0},
            {0x1p-1, 0x1.6a09e667f3bc7p+0},
            {0x1.4p-1, 0x1.8ace5422aa0eap+0},
            {0x1.8p-1, 0x1.ae89f995ad3bdp+0},
            {0x1.cp-1, 0x1.d5818dcfba481p+0},
            {0x1p+0, 0x1.0000000000009p+1},
        };
        for (int i = 0; i < 8; i++)
            if (!(exp2_10(golden[i][0]) == golden[i][1]))
                bad++;
    }
    for (int i = 0; i < 1000; i++) { /* the claimed error and the rounding of double */
        const double x = 0x0p+0 + 0x1p+0 * (i + 0.5) / 1000;
        if (!(fabs(exp2_10(x) / exp2(x) - 1.0) <= 1.6439847186179472e-14))
            bad++;
    }
    {
        static const float golden[][2] = { /* x, exp2_10f(x) */
            {0x1p-3f, 0x1.172b86p+0f},
            {0x1p-2f, 0x1.306fe6p+0f},
            {0x1.8p-2f, 0x1.4bfdb4p+0f},
            {0x1p-1f, 0x1.6a09dcp+0f},
            {0x1.4p-1f, 0x1.8ace58p+0f},
            {0x1.8p-1f, 0x1.ae89e6p+0f},
            {0x1.cp-1f, 0x1.d58184p+0f},
            {0x1p+0f, 0x1.000006p+1f},
        };
        for (int i = 0; i < 8; i++)
            if (!(exp2_10f(golden[i][0]) == golden[i][1]))
                bad++;
    }
    printf("exp2_10: selftest %s\n", bad ? "FAILED" : "ok");
    return bad != 0;
}
#endif

#endif
/*
 * discover: {"format":1,"name":"exp2_10","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"b2b34fa8","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["t0 = x + 5783.524242880763 / x","t1 = 501.1041903316705 / (t0 + 15141.926513335273 / t0 + -250.55209516163774) + 0.9999999999999998","t2 = t1 * t1","t3 = t2 * t2","y = t3 * t3"],"objectives":{"operations":10.0,"error":2.2289924709774684e-15},"descriptors":{"operations":10,"constants":5,"divisions":3},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"5898ec8f997d1d05"}
 */
