# SPDX-License-Identifier: MIT-0
#
# zeta_4: 1/(8 - 4*zeta(2) - zeta(4)) = 3 - 1^8/(27 - 2^8/(123 - 3^8/(387 - ...))), a(n) = 2 n^4 + 4 n^3 + 10 n^2 + 8 n + 3, b(n) = -n^8
#
# Value: 2.9591007981197201765883041594351580419083869514124...
# Status: PROVED: Euler's series; series of the polygamma function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.986265     irrationality measure of convergent 600, exact
#     size    4             decimal digits of the integers in the formula
# Program:
#     a = (((2.0 * n + 4.0) * n + 10.0) * n + 8.0) * n + 3.0
#     b = -square(square(square(n)))
# Found by discover-programs 0.1.0, search constants/box48, seed 0, config efcb8a05bff2d419, primitive set fed40efca700882b
# Find it again: discover run constants/box48 --seed 0 --budget 62363649600

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (2*n**4 + 4*n**3 + 10*n**2 + 8*n + 3), -n**8
h1, h2, f, s = n**4, n**4, Rational(1, 2)*(2*n + 1), 0
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (1)^j, rho(j) = c(j+1)/c(j)
R = S(1)*(1)/(Rational(1, 4)*(2*j + 1)*(2*j + 3)*(j + 1)**4)
rho = S(1)*(1)/(1)
ratio = ((j + 1)**4)*(Rational(1, 2)*(2*j + 1))/(((j + 2)**4)*(Rational(1, 2)*(2*j + 5)))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(4, 3)
U = S(1)*(-16)/(Rational(1, 2)*(2*j + 1))
weights, basic = [-16, -4], [S(1)*(1)/((j + 1)**2), S(1)*(1)/((j + 1)**4)]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: series of the polygamma function
T = -S(8)*pi**S(2)/S(3) - S(2)*pi**S(4)/S(45) + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
value = tail
formula = S(1)/(-S(2)*pi**S(2)/S(3) - pi**S(4)/S(90) + S(8))
first, second = S(1)/(-S(2)*pi**S(2)/S(3) - pi**S(4)/S(90) + S(8)), S(1)/(-S(2)*pi**S(2)/S(3) - pi**S(4)/S(90) + S(8))
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("zeta_4: selftest ok")

# discover: {"format":1,"name":"zeta_4","search":"constants/box48","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-600,600],[-600,600],[-600,600]],"symmetric":true,"odd":false,"half":true,"b":[],"factors":8,"slopes":1,"offsets":1,"content":[-4,4],"depth":64,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":62363649600,"seed":0,"chunk":134217728}},"config_hash":"efcb8a05bff2d419","seed":0,"reproduce":"discover run constants/box48 --seed 0 --budget 62363649600","id":"c5482966","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (((2.0 * n + 4.0) * n + 10.0) * n + 8.0) * n + 3.0","b = -square(square(square(n)))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9862646851510085,"size":4.0},"descriptors":{"degree_a":4,"degree_b":8,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"6cbde3868b296179"}
