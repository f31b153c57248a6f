# SPDX-License-Identifier: MIT-0
#
# e: e = 3 - 1/(4 - 2/(5 - 3/(6 - ...))), a(n) = n + 3, b(n) = -n
#
# Value: 2.7182818284590452353602874713526624977572470936999...
# Status: PROVED: Euler's series; exponential series, Kummer's 1F1(1; b; z)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    3             decimal digits a term: factorial convergence
#     delta   0.00427092    irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = n + 3.0
#     b = -n
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (n + 3), -n
h1, h2, f, s = 1, n, n, 1
at = lambda p, x: sympify(p).subs(n, x)
assert expand(b + h1*h2) == 0
assert expand(f*a - at(f, n - 1)*h1 - at(f, n + 1)*at(h2, n + 1)) == 0  # Euler's form
# y(n) = f(n+1) h2(1)...h2(n+1) solves y(n) = a(n) y(n-1) + b(n) y(n-2); by the Casoratian, the tail at s is
# a(s) - f(s+1) h2(s+1)/f(s) + 1/(f(s)^2 T), T = sum of t(j) over j >= 0, f without roots at s, s+1, ...;
# t(j) = h1(s+1)...h1(s+j)/(h2(s+1)...h2(s+j))/(h2(s+j+1) f(s+j) f(s+j+1)); convergents are its partial sums
assert not [r for r in Poly(f, n).ground_roots() if r.is_integer and r >= s]
# t(j) = c(j) R(j), c(j) = (1)^j /(1)_j, rho(j) = c(j+1)/c(j)
R = S(1)*(1)/((j + 1)**2*(j + 2)**2)
rho = S(1)*(1)/((j + 1))
ratio = (1)*((j + 1))/(((j + 3))*((j + 3)))  # t(j+1)/t(j)
assert cancel(rho*R.subs(j, j + 1)/R - ratio) == 0 and R.subs(j, 0) == Rational(1, 4)
U = S(1)*(-(j**2 + 3*j + 3))/((j + 1)**2)
weights, basic = [-1], [S(1)*(1)/(1)]
assert cancel(R - sum(w*e for w, e in zip(weights, basic)) - rho*U.subs(j, j + 1) + U) == 0
# so T = lim c(j) U(j) - U(0) + sum of weights times sums of c(j) E(j); the limit is 0
# sums: exponential series, Kummer's 1F1(1; b; z)
T = -E + 0 - U.subs(j, 0)
tail = at(a, s) - at(f, s + 1)*at(h2, s + 1)/at(f, s) + 1/(at(f, s)**2*T)
tail = tail
A, B = [lambda x, p=p: at(p, x) for p in ((a, b))]
p, q, p1, q1 = A(0), 1, 1, 0
for m in range(1, s):
    p, q, p1, q1 = A(m)*p + B(m)*p1, A(m)*q + B(m)*q1, p, q
value = (p*tail + B(s)*p1)/(q*tail + B(s)*q1)
formula = E
first, second = (S(-1) + S(3)/(S(3) - E))*(S(3) - E), E
t0 = symbols("t0", positive=True)  # t0: E
difference = -t0 + (S(-1) + S(3)/(S(3) - t0))*(S(3) - t0)
assert abs(N(difference.subs({t0: E}) - (first - second), 50)) < 10**-40
assert radsimp(expand(numer(together(difference)))) == 0

print("e: selftest ok")

# discover: {"format":1,"name":"e","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"e0f4c7ad","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = n + 3.0","b = -n"],"objectives":{"digits":100.0,"rate":3.0,"delta":0.004270923281399552,"size":2.0},"descriptors":{"degree_a":1,"degree_b":1,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"c206ded769e6d978"}
