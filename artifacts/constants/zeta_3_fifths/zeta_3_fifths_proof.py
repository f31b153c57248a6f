# SPDX-License-Identifier: MIT-0
#
# zeta_3_fifths: 5/(2*zeta(3)) = 2 + 2/(23 + 192/(82 + 2430/(197 + ...))), a(n) = 3 n^3 + 10 n^2 + 8 n + 2, b(n) = 2 n^5 (2 n - 1)
#
# Value: 2.0797684314517686717078156970538268360426409943343...
# Status: PROVED: Euler's series; central binomial sums: zeta(3) (Markov 1890, Apery)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.60206       decimal digits a term: exponential convergence
#     delta   -0.646039     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 3.0
#     k1 = 10.0
#     k2 = 8.0
#     k3 = 2.0
#     a = ((k0 * n + k1) * n + k2) * n + k3
#     b = k3 * (square(square(n)) * n * (k3 * n - 1.0))
# Found by discover-programs 0.1.0, search constants/box36, seed 0, config 1ccbae3b422f748f, primitive set fed40efca700882b
# Find it again: discover run constants/box36 --seed 0 --budget 72024583680

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (3*n**3 + 10*n**2 + 8*n + 2), 2*(2*n - 1)*n**5
h1, h2, f, s = -n**3, 2*(2*n - 1)*n**2, 1, 0
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (Rational(-1, 4))^j (1)_j /(1/2)_j, rho(j) = c(j+1)/c(j)
R = S(1)*(Rational(1, 4))/(Rational(1, 2)*(2*j + 1)*(j + 1)**2)
rho = S(1)*(Rational(-1, 4)*(j + 1))/(Rational(1, 2)*(2*j + 1))
ratio = (-(j + 1)**3)*(1)/((2*(2*j + 3)*(j + 2)**2)*(1))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(1, 2)
U = S(1)*(0)/(1)
weights, basic = [-1], [S(1)*(Rational(-1, 4))/(Rational(1, 2)*(2*j + 1)*(j + 1)**2)]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: central binomial sums: zeta(3) (Markov 1890, Apery)
T = S(2)*zeta(S(3))/S(5) + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
value = tail
formula = S(5)/(S(2)*zeta(S(3)))
first, second = S(5)/(S(2)*zeta(S(3))), S(5)/(S(2)*zeta(S(3)))
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("zeta_3_fifths: selftest ok")

# discover: {"format":1,"name":"zeta_3_fifths","search":"constants/box36","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-60,60],[-60,60],[-60,60],[-60,60]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":6,"slopes":2,"offsets":1,"content":[-4,4],"depth":400,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":72024583680,"seed":0,"chunk":134217728}},"config_hash":"1ccbae3b422f748f","seed":0,"reproduce":"discover run constants/box36 --seed 0 --budget 72024583680","id":"6ea88517","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","k1 = 10.0","k2 = 8.0","k3 = 2.0","a = ((k0 * n + k1) * n + k2) * n + k3","b = k3 * (square(square(n)) * n * (k3 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.6460387196430426,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"380780c0ee3cc038"}
