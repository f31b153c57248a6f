# SPDX-License-Identifier: MIT-0
#
# e_squared: e^2 = 1 + 1/(0 + 1/(6 + 1/(2 + ...))), a(5 n) = 1, a(5 n + 1) = 3 n, a(5 n + 2) = 12 n + 6, a(5 n + 3) = 3 n + 2, a(5 n + 4) = 1, b(n) = 1
#
# Value: 7.3890560989306502272304274605750078131803155705518...
# Status: PROVED: coboundary with 3 steps; Lommel: contiguous 0F1, ratio of Bessel functions (0F1)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    3.69502       decimal digits a term: factorial convergence
#     delta   1.00293       irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 1.0
#     a1 = 3.0 * n
#     a2 = 12.0 * n + 6.0
#     a3 = a1 + 2.0
#     a0 = k0
#     b0 = k0
#     b1 = k0
#     b2 = k0
#     b3 = k0
#     a4 = k0
#     b4 = k0
# Found by discover-programs 0.1.0, search constants/esma, seed 0, config 3d5ddd83356100d5, primitive set fed40efca700882b
# Find it again: discover run constants/esma --seed 0 --budget 1000000000

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
blocks = [(1, 1), (3*n, 1), (6*(2*n + 1), 1), ((3*n + 2), 1), (1, 1)]  # (a, b) of the terms in turn
M = eye(2)  # F(n) = (M11 F(n+1) + M12)/(M21 F(n+1) + M22)
for i in range(len(blocks)):
    following = blocks[i + 1][1] if i + 1 < len(blocks) else sympify(blocks[0][1]).subs(n, n + 1)
    M = M*Matrix([[blocks[i][0], following], [1, 0]])
# 3 steps of the fraction a, b:
a, b = Rational(1, 2)*(2*n + 1), Rational(1, 4)
steps = eye(2)
for i in range(3):
    steps = steps*Matrix([[sympify(a).subs(n, 3*n + i), b], [1, 0]])
U = Matrix([[1, 1], [2, -2]])
assert (U*M - 8*steps*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)
# U takes the minimal solution to the minimal one; convergents that end inside a block tend to it too:
P = eye(2)
for i in range(len(blocks)):  # denominators of a, b grow as m n, and nothing cancels
    u, v = (U*P*Matrix([1, 0])).applyfunc(expand)
    assert degree(3*n*u + b*v, n) == max(degree(n*u, n), degree(v, n))
    if i + 1 < len(blocks):
        P = P*Matrix([[blocks[i][0], blocks[i + 1][1]], [1, 0]])
# G(n) = 0F1(; c+n; z)/gamma(c+n), x = c+n: G(n-1) = (x-1) G(n) + z G(n+1); coefficients of z^j:
x = symbols("x")
assert expand((x + j - 1) - (x - 1) - j) == 0
k = S(1)
c = S(3)/2
z = S(1)/4
assert simplify(a - (k*(c + n - 1))) == 0
assert simplify(b - (k**2*z)) == 0
# f(n) = k G(n-1)/G(n) ~ k n, as 0F1(; c+n; z) -> 1; another solution's is ~ -b/(k n): G is minimal,
# so by Pincherle's theorem the fraction converges to f(0) = k G(-1)/G(0)
f = besseli(S(-1)/2, S(1))/(S(2)*besseli(S(1)/2, S(1)))
V = U.subs(n, 0)
value = (V[3]*f - V[1])/(V[0] - V[2]*f)
formula = exp(S(2))
first, second = (-(exp(S(-1))/S(2) + E/S(2))/(-exp(S(-1))/S(2) + E/S(2)) + S(-1))/(-(exp(S(-1))/S(2) + E/S(2))/(-exp(S(-1))/S(2) + E/S(2)) + S(1)), exp(S(2))
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
t0 = symbols("t0", positive=True)  # t0: E
difference = -t0**S(2) + (S(-1) - (t0/S(2) + S(1)/(S(2)*t0))/(t0/S(2) - S(1)/(S(2)*t0)))/(S(1) - (t0/S(2) + S(1)/(S(2)*t0))/(t0/S(2) - S(1)/(S(2)*t0)))
assert abs(N(difference.subs({t0: E}) - (first - second), 50)) < 10**-40
assert radsimp(expand(numer(together(difference)))) == 0

print("e_squared: selftest ok")

# discover: {"format":1,"name":"e_squared","search":"constants/esma","config":{"search":"constants","problem":{"method":"esma","hours":1.0,"identify":{"constants":[],"user":{},"decoys":8,"coefficients":8,"digits":50},"esma":{"library":true,"families":["exp","tan","tanh","bessel_i","bessel_j"],"numerators":2,"denominators":6,"orders":3,"degree":2,"coefficients":4,"period":3,"depth":100,"verify":1000,"bits":16384,"finds":500}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":131072,"restart_after":0},"run":{"budget":1000000000,"seed":0,"chunk":8192}},"config_hash":"3d5ddd83356100d5","seed":0,"reproduce":"discover run constants/esma --seed 0 --budget 1000000000","id":"5376d897","parents":[],"signature":{"inputs":["n"],"outputs":["a0","b0","a1","b1","a2","b2","a3","b3","a4","b4"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 1.0","a1 = 3.0 * n","a2 = 12.0 * n + 6.0","a3 = a1 + 2.0","a0 = k0","b0 = k0","b1 = k0","b2 = k0","b3 = k0","a4 = k0","b4 = k0"],"objectives":{"digits":100.0,"rate":3.69501749525715,"delta":1.0029322006046466,"size":2.0},"descriptors":{"degree_a":1,"degree_b":0,"members":64},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"680a96bbabbfce97"}
