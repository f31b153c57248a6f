# SPDX-License-Identifier: MIT-0
#
# zeta_5: 2/(2*zeta(5) - 2*zeta(3) + 1) = 3 - 1^10/(75 - 2^10/(465 - 3^10/(1785 - ...))), a(n) = (2 n + 1) (n^4 + 2 n^3 + 10 n^2 + 9 n + 3), b(n) = -n^10
#
# Value: 2.9862258661092712862062387005196332290858758638338...
# Status: PROVED: Euler's series; series of the polygamma function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.98299      irrationality measure of convergent 600, exact
#     size    4             decimal digits of the integers in the formula
# Program:
#     a = ((((2.0 * n + 5.0) * n + 22.0) * n + 28.0) * n + 15.0) * n + 3.0
#     b = -square(square(square(n)) * n)
# Found by discover-programs 0.1.0, search constants/box510, seed 0, config 42f0fff5059134ac, primitive set fed40efca700882b
# Find it again: discover run constants/box510 --seed 0 --budget 38111119200

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (2*n + 1)*(n**4 + 2*n**3 + 10*n**2 + 9*n + 3), -n**10
h1, h2, f, s = n**5, n**5, (n**2 + n + 1), 0
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (1)^j, rho(j) = c(j+1)/c(j)
R = S(1)*(1)/((j + 1)**5*(j**2 + 3*j + 3)*(j**2 + j + 1))
rho = S(1)*(1)/(1)
ratio = ((j + 1)**5)*((j**2 + j + 1))/(((j + 2)**5)*((j**2 + 5*j + 7)))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(1, 3)
U = S(1)*(Rational(-1, 2))/((j**2 + j + 1))
weights, basic = [-1, 1], [S(1)*(1)/((j + 1)**3), S(1)*(1)/((j + 1)**5)]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: series of the polygamma function
T = -zeta(S(3)) + zeta(S(5)) + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
value = tail
formula = S(2)/(-S(2)*zeta(S(3)) + S(1) + S(2)*zeta(S(5)))
first, second = S(1)/(-zeta(S(3)) + S(1)/2 + zeta(S(5))), S(2)/(-S(2)*zeta(S(3)) + S(1) + S(2)*zeta(S(5)))
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("zeta_5: selftest ok")

# discover: {"format":1,"name":"zeta_5","search":"constants/box510","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-600,600],[-600,600],[-600,600]],"symmetric":true,"odd":true,"half":true,"b":[],"factors":10,"slopes":1,"offsets":1,"content":[-2,2],"depth":64,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":38111119200,"seed":0,"chunk":134217728}},"config_hash":"42f0fff5059134ac","seed":0,"reproduce":"discover run constants/box510 --seed 0 --budget 38111119200","id":"cd8b2da3","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((((2.0 * n + 5.0) * n + 22.0) * n + 28.0) * n + 15.0) * n + 3.0","b = -square(square(square(n)) * n)"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9829903981844073,"size":4.0},"descriptors":{"degree_a":5,"degree_b":10,"members":1},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"8a1ee79470249d32"}
