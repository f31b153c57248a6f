# SPDX-License-Identifier: MIT-0
#
# pi_squared_log_2: 12/(pi^2 - 6*log(2)^2) = 2 - 2/(9 - 32/(22 - 162/(41 - ...))), a(n) = 3 n^2 + 4 n + 2, b(n) = -2 n^4
#
# Value: 1.7175032560363884856317051523602961234897598316390...
# Status: PROVED: Euler's series; Euler's dilogarithm at 1/2
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.30103       decimal digits a term: exponential convergence
#     delta   -0.733401     irrationality measure of convergent 600, exact
#     size    4             decimal digits of the integers in the formula
# Program:
#     a = (3.0 * n + 4.0) * n + 2.0
#     b = -2.0 * square(square(n))
# Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
# Find it again: discover run constants/evolve --seed 0 --budget 3000000

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (3*n**2 + 4*n + 2), -2*n**4
h1, h2, f, s = n**2, 2*n**2, 1, 0
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (Rational(1, 2))^j, rho(j) = c(j+1)/c(j)
R = S(1)*(Rational(1, 2))/((j + 1)**2)
rho = S(1)*(Rational(1, 2))/(1)
ratio = ((j + 1)**2)*(1)/((2*(j + 2)**2)*(1))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(1, 2)
U = S(1)*(0)/(1)
weights, basic = [Rational(1, 2)], [S(1)*(1)/((j + 1)**2)]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: Euler's dilogarithm at 1/2
T = -log(S(2))**S(2)/S(2) + pi**S(2)/S(12) + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
value = tail
formula = S(12)/(-S(6)*log(S(2))**S(2) + pi**S(2))
first, second = S(1)/(-log(S(2))**S(2)/S(2) + pi**S(2)/S(12)), S(12)/(-S(6)*log(S(2))**S(2) + pi**S(2))
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("pi_squared_log_2: selftest ok")

# discover: {"format":1,"name":"pi_squared_log_2","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"873e6fd1","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (3.0 * n + 4.0) * n + 2.0","b = -2.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.30102999566398114,"delta":-0.7334005379299889,"size":4.0},"descriptors":{"degree_a":2,"degree_b":4,"members":5},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"d8eae169abb2d2ec"}
