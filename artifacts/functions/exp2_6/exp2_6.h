/*
 * SPDX-License-Identifier: MIT-0
 *
 * exp2_6: exp2(x) on (0, 1]: 6 operations, max relative error 2.733e-07
 *
 * Program:
 *     t = 34.82443701469124 / (x + 100.48096727114395 / x + -17.407327640126166) + 0.9999998633561885
 *     y = t * t
 * Scores:
 *     operations      6             operations on values that depend on x
 *     error           2.73288e-07   largest relative error, exact arithmetic, located extrema
 *     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
 *     absolute error  5.46575e-07   largest at 300 points, exact arithmetic
 *     in float64      2.73288e-07   largest relative error at 1000 points, every operation rounded
 *     in float32      4.46392e-07   largest relative error at 1000 points, every operation rounded
 * Status: rediscovered
 * Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
 * Find it again: discover run functions/exp2 --seed 0 --budget 300000
 *
 * Valid on (0, 1]. The constants are exact only without value-changing
 * optimisation: compile with -std=c99 or -ffp-contract=off, and without -ffast-math.
 * Self-test: cc -std=c99 -DEXP2_6_SELFTEST -x c exp2_6.h -o selftest -lm && ./selftest
 */
#ifndef EXP2_6_H
#define EXP2_6_H

#include <math.h>

/* exp2(x) on (0, 1]: 6 operations, max relative error 2.733e-07 (the error in exact arithmetic). */
static inline double exp2_6(double x)
{
    const double t = 0x1.1698726efdafap+5 / (x + 0x1.91ec82af3009ep+6 / x - 0x1.168469fcd1947p+4) + 0x1.fffffb6a3d14bp-1;
    return t * t;
}

/* The same in float: its rounding comes on top. */
static inline float exp2_6f(float x)
{
    const float t = 0x1.169872p+5f / (x + 0x1.91ec82p+6f / x - 0x1.16846ap+4f) + 0x1.fffffcp-1f;
    return t * t;
}

#ifdef EXP2_6_SELFTEST
#include <stdio.h>

int main(void)
{
    int bad = 0;
    {
        static const double golden[][2] = { /* x, exp2_6(x) */
            {0x1p-3, 0x1.172b88664936cp+0},
            {0x1p-2, 0x1.306fe42bf713bp+0},
            {0x1.8p-2, 0x1.4bfdab38c3fc5p+0},
            {0x1p-1, 0x1.6a09e00d35cb4p+0},
            {0x1.4p-1, 0x1.8ace4f50cb841p+0},
            {0x1.8p-1, 0x1.ae89fc47d17c6p+0},
            {0x1.cp-1, 0x1.d58196275b6fap+0},
            {0x1p+0, 0x1.fffff6d47a33dp+0},
        };
        for (int i = 0; i < 8; i++)
            if (!(exp2_6(golden[i][0]) == golden[i][1]))
                bad++;
    }
    for (int i = 0; i < 1000; i++) { /* the claimed error and the rounding of double */
        const double x = 0x0p+0 + 0x1p+0 * (i + 0.5) / 1000;
        if (!(fabs(exp2_6(x) / exp2(x) - 1.0) <= 2.732876186655122e-07))
            bad++;
    }
    {
        static const float golden[][2] = { /* x, exp2_6f(x) */
            {0x1p-3f, 0x1.172b8ap+0f},
            {0x1p-2f, 0x1.306fe6p+0f},
            {0x1.8p-2f, 0x1.4bfdacp+0f},
            {0x1p-1f, 0x1.6a09ep+0f},
            {0x1.4p-1f, 0x1.8ace52p+0f},
            {0x1.8p-1f, 0x1.ae89fcp+0f},
            {0x1.cp-1f, 0x1.d58194p+0f},
            {0x1p+0f, 0x1.fffffap+0f},
        };
        for (int i = 0; i < 8; i++)
            if (!(exp2_6f(golden[i][0]) == golden[i][1]))
                bad++;
    }
    printf("exp2_6: selftest %s\n", bad ? "FAILED" : "ok");
    return bad != 0;
}
#endif

#endif
/*
 * discover: {"format":1,"name":"exp2_6","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"af1e0567","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["t = 34.82443701469124 / (x + 100.48096727114395 / x + -17.407327640126166) + 0.9999998633561885","y = t * t"],"objectives":{"operations":6.0,"error":2.732876044546575e-07},"descriptors":{"operations":6,"constants":4,"divisions":2},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"37bdda703f6d788c"}
 */
