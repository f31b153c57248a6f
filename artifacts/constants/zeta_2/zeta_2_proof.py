# SPDX-License-Identifier: MIT-0
#
# zeta_2: 5/zeta(2) = 3 + 1^4/(25 + 2^4/(69 + 3^4/(135 + ...))), a(n) = 11 n^2 + 11 n + 3, b(n) = n^4
#
# Value: 3.0396355092701331433163838962918291671307632401673...
# Status: PROVED: Apery 1979
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    2.08988       decimal digits a term: exponential convergence
#     delta   0.0975998     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 11.0
#     a = (k0 * n + k0) * n + 3.0
#     b = square(square(n))
# Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
# Find it again: discover run constants/evolve --seed 0 --budget 3000000

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (11*n**2 + 11*n + 3), n**4
M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])
A, B = (11*n**2 + 11*n + 3), n**4  # Apery 1979
# F(n, k) = (n+k)!^3/(n! k! (2n+k+1)!^2)
k, t = symbols("k, t")
before, after, up = n*(2*n + k + 1)**2*(2*n + k)**2/(n + k)**3, (n + k + 1)**3/((n + 1)*(2*n + k + 3)**2*(2*n + k + 2)**2), (n + k + 1)**3/((k + 1)*(2*n + k + 2)**2)  # F(n-1, k), F(n+1, k), F(n, k+1) over F(n, k)
C = k*(-k**6 - 4*k**5*n - 3*k**5 + 13*k**4*n**2 + 13*k**4*n + 4*k**4 + 102*k**3*n**3 + 176*k**3*n**2 + 100*k**3*n + 19*k**3 + 225*k**2*n**4 + 516*k**2*n**3 + 419*k**2*n**2 + 141*k**2*n + 16*k**2 + 217*k*n**5 + 607*k*n**4 + 619*k*n**3 + 273*k*n**2 + 44*k*n + 79*n**6 + 257*n**5 + 309*n**4 + 163*n**3 + 32*n**2)/((n + k)**3*(2*n + k + 2)**2)
assert cancel(before - (11*n**2 + 11*n + 3) - (n + 1)**4*after - (C.subs(k, k + 1)*up - C)) == 0
# F > 0, C F -> 0 as k -> oo and is 0 at k = 0: G(n-1) = a(n) G(n) + b(n+1) G(n+1), n >= 1. For n = 0,
# where F(0, k) = 1/(k+1)^2, the sum telescopes to G(-1) = C F at k = 0 less its limit, and G(0) = zeta(2)
zero = cancel(C.subs(n, 0))/(k + 1)**2
assert zero.subs(k, 0) - limit(zero, k, oo) == 5
# all f(n) = G(n-1)/G(n) > 0, a, b > 0 and the series of sqrt(a(n) a(n-1)/b(n)) diverges: Seidel-Stern
f = 5/zeta(2)
K = Matrix([[A, B.subs(n, n + 1)], [1, 0]]).subs(n, n + 0)
U = Matrix([[1, 0], [0, 1]])
assert (U*M - 1*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)
# U takes the minimal solution to the minimal one
for i in range(0):
    f = B.subs(n, i + 1)/(f - A.subs(n, i))
V = U.subs(n, 0)
tail = (V[3]*f - V[1])/(V[0] - V[2]*f)
value = tail
formula = S(30)/pi**S(2)
first, second = S(30)/pi**S(2), S(30)/pi**S(2)
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("zeta_2: selftest ok")

# discover: {"format":1,"name":"zeta_2","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"3b4d9683","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 11.0","a = (k0 * n + k0) * n + 3.0","b = square(square(n))"],"objectives":{"digits":100.0,"rate":2.08987640249979,"delta":0.09759977672226183,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":5},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"3e2bf7d79d715825"}
