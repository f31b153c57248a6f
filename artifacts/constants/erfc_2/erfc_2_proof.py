# SPDX-License-Identifier: MIT-0
#
# erfc_2: 2/(e^4*erfc(2)*sqrt(pi)) = 4 + 2/(4 + 4/(4 + 6/(4 + ...))), a(n) = 4, b(n) = 2 n
#
# Value: 4.4181608059944141979728897479328219041559935427138...
# Status: PROVED: Laplace-Whittaker: contiguous parabolic cylinder functions (1F1); D_0 and D_-1 by the complementary error function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: subexponential convergence
#     delta   -0.921912     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     k0 = 4.0
#     b = 2.0 * n
#     a = k0
# Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
# Find it again: discover run constants/box2 --seed 0 --budget 1768900

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = 4, 2*n
# G(n) = D_(-p-n)(x), parabolic cylinder function: D_(v+1) = x D_v - v D_(v-1) (DLMF 12.8.1)
k = sqrt(S(2))
x = S(2)*sqrt(S(2))
p = S(1)
assert simplify(a - (k*x)) == 0
assert simplify(b - (k**2*(p + n - 1))) == 0
# x > 0: D_(-p-n)(x) is minimal, against D_(-p-n)(-x), their ratio ~ exp(-2 x sqrt(n)) (DLMF 12.10),
# so by Pincherle's theorem the fraction converges to f(0) = k G(-1)/G(0)
# f(0): Laplace-Whittaker: contiguous parabolic cylinder functions (1F1); D_0 and D_-1 by the complementary error function
tail = S(2)*exp(S(-4))/(sqrt(pi)*erfc(S(2)))
ratio = S(2)*hyper((S(0),), (S(1)/2,), S(4))/(sqrt(pi)*(hyper((), (), S(4)) - S(4)*hyper((S(1),), (S(3)/2,), S(4))/sqrt(pi)))
assert abs(N(tail - ratio, 30)) < 10**-20  # the special value, looked at in digits
value = tail
formula = S(2)*exp(S(-4))/(sqrt(pi)*erfc(S(2)))
first, second = S(2)*exp(S(-4))/(sqrt(pi)*(-S(4)*exp(S(-4))*hyper((S(1),), (S(3)/2,), S(4))/sqrt(pi) + S(1))), S(2)*exp(S(-4))/(sqrt(pi)*(-S(4)*exp(S(-4))*hyper((S(1),), (S(3)/2,), S(4))/sqrt(pi) + S(1)))
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("erfc_2: selftest ok")

# discover: {"format":1,"name":"erfc_2","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"33097d25","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","b = 2.0 * n","a = k0"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9219124947445954,"size":2.0},"descriptors":{"degree_a":0,"degree_b":1,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"aea15eab4acc91ed"}
