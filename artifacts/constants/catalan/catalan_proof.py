# SPDX-License-Identifier: MIT-0
#
# catalan: 1/(2*catalan) = 1 - 2/(7 - 32/(19 - 162/(37 - ...))), a(n) = 3 n^2 + 3 n + 1, b(n) = -2 n^4
#
# Value: 0.54587203185195305072707973666694616249302506070412...
# Status: PROVED: Catalan's constant as a double integral
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.30103       decimal digits a term: exponential convergence
#     delta   -0.826625     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 3.0
#     a = (k0 * n + k0) * n + 1.0
#     b = -2.0 * square(square(n))
# Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
# Find it again: discover run constants/box24 --seed 0 --budget 22034918400

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (3*n**2 + 3*n + 1), -2*n**4
M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])
A, B = (3*n**2 + 3*n + 1), -2*n**4  # Catalan's constant as a double integral
# g(n) = integral of w = ((x^2-1)(y^2-1))^(-1/2) (1 + x y)^(-n-1) over x, y > 1; G(n) = g(n)/n!^2
x, y = symbols("x y", positive=True)
d = 1 + x*y
p = (y - (n + 1)*x - n*x*y**2)/(2*d)
flow = lambda p, v, u: v*p + (v**2 - 1)*diff(p, v) - (n + 1)*(v**2 - 1)*u*p/d  # d/dv ((v^2-1) p w)/w
both = flow(p, x, y) + flow(p.subs({x: y, y: x}, simultaneous=True), y, x)
assert cancel(n**2*d - (3*n**2 + 3*n + 1) + 2*(n + 1)**2/d - both) == 0
# nothing flows through the boundary for n >= 1, so n^2 g(n-1) = a(n) g(n) - 2 (n+1)^2 g(n+1), that is
# G(n-1) = a(n) G(n) + b(n+1) G(n+1). For n = 0 what flows out at x = oo is, and as much again at y = oo,
out = integrate(limit(x*(p/d).subs(n, 0), x, oo)/sqrt(y**2 - 1), (y, 1, oo))
assert out == -Rational(1, 2)  # so a(0) G(0) + b(1) G(1) = 1
# x = cosh(t): g(0) = 2 (integral of atan(u)/u over (0, 1)) = 2 Catalan. 0 < g(n) <= g(0)/2^n, and the
# quotients g(n+1)/g(n) of solutions tend to 1 or to 1/2 (Poincare-Perron): G is minimal (Pincherle)
f = 1/(2*Catalan)
K = Matrix([[A, B.subs(n, n + 1)], [1, 0]]).subs(n, n + 0)
U = Matrix([[1, 0], [0, 1]])
assert (U*M - 1*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)
# U takes the minimal solution to the minimal one
for i in range(0):
    f = B.subs(n, i + 1)/(f - A.subs(n, i))
V = U.subs(n, 0)
tail = (V[3]*f - V[1])/(V[0] - V[2]*f)
value = tail
formula = S(1)/(S(2)*Catalan)
first, second = S(1)/(S(2)*Catalan), S(1)/(S(2)*Catalan)
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("catalan: selftest ok")

# discover: {"format":1,"name":"catalan","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"39e44fc8","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","a = (k0 * n + k0) * n + 1.0","b = -2.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.30102999566398114,"delta":-0.8266251444682622,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"6c12d7b6d3b6c950"}
