# SPDX-License-Identifier: MIT-0
#
# gamma_third: 3*gamma(1/3)^3/(4*pi^2) = 1 + 6/(14 - 32/(37 - 270/(70 - ...))), a(n) = 5 n^2 + 8 n + 1, b(n) = -2 n^2 (n + 2) (2 n - 3)
#
# Value: 1.4609984862063183581588731178460596970389313558074...
# Status: PROVED: coboundary; Gauss-Noerlund: contiguous 2F1; incomplete beta integral, 3-division of y^2 = x^3 - 1
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.60206       decimal digits a term: exponential convergence
#     delta   -0.375908     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = (5.0 * n + 8.0) * n + 1.0
#     k3 = 2.0
#     b = -2.0 * (square(n) * (n + k3) * (k3 * n - 3.0))
# Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
# Find it again: discover run constants/box24 --seed 0 --budget 22034918400

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (5*n**2 + 8*n + 1), -2*(2*n - 3)*n**2*(n + 2)
M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])
K, v = Matrix([[(5*n + 2), -2*(2*n - 1)*(n + 1)], [1, 0]]), (n + 1)
U = Matrix([[Rational(-1, 4)*(n - 4), Rational(1, 2)*(2*n - 3)*n*(n + 2)], [Rational(-1, 4), Rational(1, 2)*(2*n + 1)*(n + 2)]])
assert (U*M - v*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)
# U takes the minimal solution to the minimal one: the quotient of solutions grows faster than any power of n
a, b = K[0, 0].subs(n, n + 0), K[0, 1].subs(n, n + -1)
# G(n) = 2F1(p, q; c+n; z)/gamma(c+n), x = c+n: (1-z) G(n-1) = (x-1 - (2x-p-q-1) z) G(n) + z (x-p)(x-q) G(n+1):
x, p, q = symbols("x p q")  # coefficients of z^j over that of z^(j-1) in G(n)
g = (p + j - 1)*(q + j - 1)/((x + j - 1)*j)
assert simplify(j*g - (x + j - 2) + 2*x - p - q - 1 - (x - p)*(x - q)/(x + j - 1)) == 0
k = S(3)
p = S(5)/6
q = S(7)/3
c = S(11)/6
z = S(-1)/3
assert simplify(a - (k*(c + n - 1 - (2*(c + n) - p - q - 1)*z))) == 0
assert simplify(b - (k**2*z*(1 - z)*(c + n - 1 - p)*(c + n - 1 - q))) == 0
# f(n) ~ k (1-z) n as 2F1(p, q; c+n; z) -> 1 (DLMF 15.12.2), another solution's is ~ -k z n, and |z| < |1-z|: G is minimal,
# so by Pincherle's theorem the fraction converges to f(0) = k (1-z) G(-1)/G(0)
f, V = S(4)/(S(2)*S(2)**(S(2)/3)*sqrt(S(3))*(-S(2)**(S(1)/3)*sqrt(S(3))/S(2) + S(2)*beta(S(5)/6, S(1)/2)/S(3))/S(3) + S(1)), U.subs(n, 0)
tail = (V[3]*f - V[1])/(V[0] - V[2]*f)
value = tail
formula = S(3)*gamma(S(1)/3)**S(3)/(S(4)*pi**S(2))
first, second = S(4)/((S(2)*S(2)**(S(2)/3)*sqrt(S(3))*(-S(2)**(S(1)/3)*sqrt(S(3))/S(2) + S(4)*S(2)**(S(1)/3)*sqrt(S(3))*pi**S(2)/(S(3)*gamma(S(1)/3)**S(3)))/S(3) + S(1))*(S(1)/(S(2)*S(2)**(S(2)/3)*sqrt(S(3))*(-S(2)**(S(1)/3)*sqrt(S(3))/S(2) + S(4)*S(2)**(S(1)/3)*sqrt(S(3))*pi**S(2)/(S(3)*gamma(S(1)/3)**S(3)))/S(3) + S(1)) + S(1))), S(3)*gamma(S(1)/3)**S(3)/(S(4)*pi**S(2))
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("gamma_third: selftest ok")

# discover: {"format":1,"name":"gamma_third","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"54820961","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (5.0 * n + 8.0) * n + 1.0","k3 = 2.0","b = -2.0 * (square(n) * (n + k3) * (k3 * n - 3.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.37590828790999564,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"a942e6f8fb3e1ed8"}
