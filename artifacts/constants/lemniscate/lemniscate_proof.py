# SPDX-License-Identifier: MIT-0
#
# lemniscate: 2/lemniscate = 1 - 1/(5 - 6/(9 - 15/(13 - ...))), a(n) = 4 n + 1, b(n) = -n (2 n - 1)
#
# Value: 0.76275976350181318806232598096361579329262923734807...
# Status: PROVED: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, half arc of the lemniscate (Fagnano)
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0.765551      decimal digits a term: exponential convergence
#     delta   -0.134117     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 4.0
#     k1 = 1.0
#     a = k0 * n + k1
#     b = -(n * (2.0 * n - k1))
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (4*n + 1), -(2*n - 1)*n
# G(n) = 2F1(p, q; c+n; z)/gamma(c+n), x = c+n: (1-z) G(n-1) = (x-1 - (2x-p-q-1) z) G(n) + z (x-p)(x-q) G(n+1):
x, p, q = symbols("x p q")  # coefficients of z^j over that of z^(j-1) in G(n)
g = (p + j - 1)*(q + j - 1)/((x + j - 1)*j)
assert simplify(j*g - (x + j - 2) + 2*x - p - q - 1 - (x - p)*(x - q)/(x + j - 1)) == 0
k = S(2)*sqrt(S(2))
p = S(1)/4
q = S(3)/4
c = S(5)/4
z = S(1)/2 - sqrt(S(2))/S(2)
assert simplify(a - (k*(c + n - 1 - (2*(c + n) - p - q - 1)*z))) == 0
assert simplify(b - (k**2*z*(1 - z)*(c + n - 1 - p)*(c + n - 1 - q))) == 0
# f(n) ~ k (1-z) n as 2F1(p, q; c+n; z) -> 1 (DLMF 15.12.2), another solution's is ~ -k z n, and |z| < |1-z|: G is minimal,
# so by Pincherle's theorem the fraction converges to f(0) = k (1-z) G(-1)/G(0)
# f(0): Gauss-Noerlund: contiguous 2F1; incomplete beta integral, half arc of the lemniscate (Fagnano)
tail = S(4)/beta(S(1)/4, S(1)/2)
ratio = sqrt(S(2))*(S(1)/2 + sqrt(S(2))/S(2))*hyper((S(3)/4,), (), S(1)/2 - sqrt(S(2))/S(2))/(S(2)*hyper((S(1)/4, S(3)/4), (S(5)/4,), S(1)/2 - sqrt(S(2))/S(2)))
assert abs(N(tail - ratio, 30)) < 10**-20  # the special value, looked at in digits
value = tail
formula = S(4)*sqrt(S(2))*sqrt(pi)/gamma(S(1)/4)**S(2)
first, second = S(4)*sqrt(S(2))*sqrt(pi)/gamma(S(1)/4)**S(2), S(4)*sqrt(S(2))*sqrt(pi)/gamma(S(1)/4)**S(2)
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("lemniscate: selftest ok")

# discover: {"format":1,"name":"lemniscate","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"63de4d73","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","k1 = 1.0","a = k0 * n + k1","b = -(n * (2.0 * n - k1))"],"objectives":{"digits":100.0,"rate":0.7655513706757262,"delta":-0.13411679225120576,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"7144354895209679"}
