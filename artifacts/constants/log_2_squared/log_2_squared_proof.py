# SPDX-License-Identifier: MIT-0
#
# log_2_squared: 2/log(2)^2 = 4 + 4/(23 + 96/(56 + 540/(103 + ...))), a(n) = 7 n^2 + 12 n + 4, b(n) = 4 n^3 (2 n - 1)
#
# Value: 4.1627379620112155957391632074699828501280943112921...
# Status: PROVED: Euler's series; central binomial sums: 2 arcsin(t)^2 (Euler)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.90309       decimal digits a term: exponential convergence
#     delta   -0.429092     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 7.0
#     k1 = 12.0
#     k2 = 4.0
#     a = (k0 * n + k1) * n + k2
#     b = k2 * (square(n) * n * (2.0 * n - 1.0))
# Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
# Find it again: discover run constants/box24 --seed 0 --budget 22034918400

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (7*n**2 + 12*n + 4), 4*(2*n - 1)*n**3
h1, h2, f, s = -n**2, 4*(2*n - 1)*n, 1, 0
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (Rational(-1, 8))^j (1)_j /(1/2)_j, rho(j) = c(j+1)/c(j)
R = S(1)*(Rational(1, 8))/(Rational(1, 2)*(2*j + 1)*(j + 1))
rho = S(1)*(Rational(-1, 8)*(j + 1))/(Rational(1, 2)*(2*j + 1))
ratio = (-(j + 1)**2)*(1)/((4*(2*j + 3)*(j + 2))*(1))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(1, 4)
U = S(1)*(0)/(1)
weights, basic = [-1], [S(1)*(Rational(-1, 8))/(Rational(1, 2)*(2*j + 1)*(j + 1))]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: central binomial sums: 2 arcsin(t)^2 (Euler)
T = acosh(S(5)/4)**S(2)/S(2) + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
value = tail
formula = S(2)/log(S(2))**S(2)
first, second = S(2)/log(S(2))**S(2), S(2)/log(S(2))**S(2)
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("log_2_squared: selftest ok")

# discover: {"format":1,"name":"log_2_squared","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"7db5b868","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 7.0","k1 = 12.0","k2 = 4.0","a = (k0 * n + k1) * n + k2","b = k2 * (square(n) * n * (2.0 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.9030899869919434,"delta":-0.429092434481556,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"871379736fee0ccc"}
