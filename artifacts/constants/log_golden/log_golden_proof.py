# SPDX-License-Identifier: MIT-0
#
# log_golden: sqrt(5)/(2*log(golden)) = 2 + 2/(5 + 12/(8 + 30/(11 + ...))), a(n) = 3 n + 2, b(n) = 2 n (2 n - 1)
#
# Value: 2.3233718095173863995097048397298999444522317196484...
# Status: PROVED: Euler's series; Pfaff's transformation, series of arcsin
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.60206       decimal digits a term: exponential convergence
#     delta   -0.293982     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 3.0
#     k1 = 2.0
#     a = k0 * n + k1
#     b = k1 * (n * (k1 * n - 1.0))
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (3*n + 2), 2*(2*n - 1)*n
h1, h2, f, s = -n, 2*(2*n - 1), 1, 0
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (Rational(-1, 4))^j (1)_j /(1/2)_j, rho(j) = c(j+1)/c(j)
R = S(1)*(Rational(1, 4))/(Rational(1, 2)*(2*j + 1))
rho = S(1)*(Rational(-1, 4)*(j + 1))/(Rational(1, 2)*(2*j + 1))
ratio = (-(j + 1))*(1)/((2*(2*j + 3))*(1))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(1, 2)
U = S(1)*(-2)/(1)
weights, basic = [Rational(-5, 2)], [S(1)*(1)/(1)]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: Pfaff's transformation, series of arcsin
T = S(-2) + sqrt(S(5))*acosh(S(3)/2)/S(5) + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
value = tail
formula = sqrt(S(5))/(S(2)*log(GoldenRatio))
first, second = sqrt(S(5))/acosh(S(3)/2), sqrt(S(5))/acosh(S(3)/2)
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("log_golden: selftest ok")

# discover: {"format":1,"name":"log_golden","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"1033a945","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","k1 = 2.0","a = k0 * n + k1","b = k1 * (n * (k1 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.2939817726364863,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"37f6a098d42bb540"}
