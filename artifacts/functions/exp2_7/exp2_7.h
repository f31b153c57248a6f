/*
 * SPDX-License-Identifier: MIT-0
 *
 * exp2_7: exp2(x) on (0, 1]: 7 operations, max relative error 5.636e-10
 *
 * Program:
 *     t = x + 90.49393201711106 / x
 *     y = 62.725615813077056 / (t + 237.37864088075716 / t + -31.362790453322212) + 0.9999999994363861
 * Scores:
 *     operations      7             operations on values that depend on x
 *     error           5.63614e-10   largest relative error, exact arithmetic, located extrema
 *     seeds           5             of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md
 *     absolute error  1.12723e-09   largest at 300 points, exact arithmetic
 *     in float64      5.63614e-10   largest relative error at 1000 points, every operation rounded
 *     in float32      1.01568e-07   largest relative error at 1000 points, every operation rounded
 * Status: rediscovered
 * Found by discover-programs 0.1.0, search functions/exp2, seed 0, config 5e90d47719e598aa, primitive set 7541a234c0a4f480
 * Find it again: discover run functions/exp2 --seed 0 --budget 300000
 *
 * Valid on (0, 1]. The constants are exact only without value-changing
 * optimisation: compile with -std=c99 or -ffp-contract=off, and without -ffast-math.
 * Self-test: cc -std=c99 -DEXP2_7_SELFTEST -x c exp2_7.h -o selftest -lm && ./selftest
 */
#ifndef EXP2_7_H
#define EXP2_7_H

#include <math.h>

/* exp2(x) on (0, 1]: 7 operations, max relative error 5.636e-10 (the error in exact arithmetic). */
static inline double exp2_7(double x)
{
    const double t = x + 0x1.69f9c9508fc1ep+6 / x;
    return 0x1.f5ce0fa9d502ep+5 / (t + 0x1.dac1dd37af8fbp+7 / t - 0x1.f5cdfd5cc51e6p+4) + 0x1.fffffffb28999p-1;
}

/* The same in float: its rounding comes on top. */
static inline float exp2_7f(float x)
{
    const float t = x + 0x1.69f9cap+6f / x;
    return 0x1.f5ce1p+5f / (t + 0x1.dac1dep+7f / t - 0x1.f5cdfep+4f) + 0x1p+0f;
}

#ifdef EXP2_7_SELFTEST
#include <stdio.h>

int main(void)
{
    int bad = 0;
    {
        static const double golden[][2] = { /* x, exp2_7(x) */
            {0x1p-3, 0x1.172b83ca747bap+0},
            {0x1p-2, 0x1.306fe0a2e8fb9p+0},
            {0x1.8p-2, 0x1.4bfdad504d00fp+0},
            {0x1p-1, 0x1.6a09e6665216cp+0},
            {0x1.4p-1, 0x1.8ace542554692p+0},
            {0x1.8p-1, 0x1.ae89f998f1b88p+0},
            {0x1.cp-1, 0x1.d5818dcc8f1eap+0},
            {0x1p+0, 0x1.000000026bb33p+1},
        };
        for (int i = 0; i < 8; i++)
            if (!(exp2_7(golden[i][0]) == golden[i][1]))
                bad++;
    }
    for (int i = 0; i < 1000; i++) { /* the claimed error and the rounding of double */
        const double x = 0x0p+0 + 0x1p+0 * (i + 0.5) / 1000;
        if (!(fabs(exp2_7(x) / exp2(x) - 1.0) <= 5.636281441567803e-10))
            bad++;
    }
    {
        static const float golden[][2] = { /* x, exp2_7f(x) */
            {0x1p-3f, 0x1.172b84p+0f},
            {0x1p-2f, 0x1.306fep+0f},
            {0x1.8p-2f, 0x1.4bfdaep+0f},
            {0x1p-1f, 0x1.6a09e6p+0f},
            {0x1.4p-1f, 0x1.8ace54p+0f},
            {0x1.8p-1f, 0x1.ae89fap+0f},
            {0x1.cp-1f, 0x1.d5818ep+0f},
            {0x1p+0f, 0x1p+1f},
        };
        for (int i = 0; i < 8; i++)
            if (!(exp2_7f(golden[i][0]) == golden[i][1]))
                bad++;
    }
    printf("exp2_7: selftest %s\n", bad ? "FAILED" : "ok");
    return bad != 0;
}
#endif

#endif
/*
 * discover: {"format":1,"name":"exp2_7","search":"functions/exp2","config":{"search":"functions","problem":{"function":"exp2","domain":[0.0,1.0],"primitives":["add","sub","mul","div"],"max_operations":10,"max_constants":6,"points":24,"dense":128,"magnitudes":[-2.0,3.0],"hurdle":{"starts":8,"short":4,"steps":8,"long":1,"more":40,"lawson":0},"proxy":{"starts":48,"short":24,"steps":10,"long":6,"more":400,"lawson":4},"slack":100.0,"digits":50,"finalists":4},"strategy":{"name":"map_elites","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1024,"restart_after":0},"run":{"budget":300000,"seed":0,"chunk":16}},"config_hash":"5e90d47719e598aa","seed":0,"reproduce":"discover run functions/exp2 --seed 0 --budget 300000","id":"7ad027e0","parents":[],"signature":{"inputs":["x"],"outputs":["y"],"state":[]},"primitives":["add","sub","mul","div"],"primitives_hash":"7541a234c0a4f480","program":["t = x + 90.49393201711106 / x","y = 62.725615813077056 / (t + 237.37864088075716 / t + -31.362790453322212) + 0.9999999994363861"],"objectives":{"operations":7.0,"error":5.636139333020651e-10},"descriptors":{"operations":7,"constants":5,"divisions":3},"scores":{"seeds":{"value":5.0,"how":"of 5 seeds end at this error, 300,000 candidates each: docs/benchmarks.md"}},"status":"rediscovered","generator":"discover-programs 0.1.0","digest":"444272fda672fb9f"}
 */
