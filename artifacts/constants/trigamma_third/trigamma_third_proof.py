# SPDX-License-Identifier: MIT-0
#
# trigamma_third: 6/(polygamma(1, 1/3) - 9) = 5 + 9/(15 + 144/(25 + 729/(35 + ...))), a(n) = 10 n + 5, b(n) = 9 n^4
#
# Value: 5.4764656284225225043041364686780484130023611563220...
# Status: PROVED: Stieltjes, Ramanujan: continued fraction of the trigamma function
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.990606     irrationality measure of convergent 600, exact
#     size    3             decimal digits of the integers in the formula
# Program:
#     a = 10.0 * n + 5.0
#     b = 9.0 * square(square(n))
# Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
# Find it again: discover run constants/box14 --seed 0 --budget 718592000

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = 5*(2*n + 1), 9*n**4
M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])
A, B = Rational(5, 3)*(2*n + 1), n**4  # Stieltjes, Ramanujan: continued fraction of the trigamma function
x = S(5)/3  # F(n, k) = (n+k)!^3/(n!^2 k! (2n+k+1)! (s)_(n+k+1)), s = (x + 1)/2 > 1/2
k, s = symbols("k, s")
before, after, up = n**2*(2*n + k + 1)*(2*n + k)*(s + n + k)/(n + k)**3, (n + k + 1)**3/((n + 1)**2*(2*n + k + 3)*(2*n + k + 2)*(s + n + k + 1)), (n + k + 1)**3/((k + 1)*(2*n + k + 2)*(s + n + k + 1))  # F(n-1, k), F(n+1, k), F(n, k+1) over F(n, k)
C = k*(k**3*(4*n + 2)*k + k**3*(22*n**2 + 4*n*s + 18*n + 2*s + 3) + k**2*(46*n**3 + 19*n**2*s + 51*n**2 + 18*n*s + 13*n + 4*s) + k*n*(43*n**3 + 30*n**2*s + 59*n**2 + 39*n*s + 19*n + 12*s) + n**2*(15*n**3 + 16*n**2*s + 24*n**2 + 26*n*s + 9*n + 10*s))/((n + k)**3*(2*n + k + 2))
assert cancel(before - (2*s - 1)*(2*n + 1) - (n + 1)**4*after - (C.subs(k, k + 1)*up - C)) == 0
# F > 0, C F -> 0 as k -> oo and is 0 at k = 0: G(n-1) = x (2n+1) G(n) + (n+1)^4 G(n+1) for n >= 1. For n = 0
# the sum telescopes to G(-1) = C F at k = 0 = 2; F(0, k) = k!/((k+1) (s)_(k+1)), and its sum D(s) has
# D(s) - D(s+1) = (sum of k!/(s+1)_(k+1))/s = 1/s^2, D(oo) = 0, so that G(0) = trigamma(s)
assert (cancel(C.subs(n, 0))/s).subs(k, 0) == 2
assert cancel(1/s - 1/(s + k + 1) - (k + 1)/(s*(s + k + 1))) == 0
# all f(n) = G(n-1)/G(n) > 0, a, b > 0 and the series of sqrt(a(n) a(n-1)/b(n)) diverges: Seidel-Stern
f = 2/polygamma(1, (x + 1)/2)
K = Matrix([[A, B.subs(n, n + 1)], [1, 0]]).subs(n, n + 0)
U = Matrix([[1, 0], [0, 3]])
assert (U*M - 3*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)
# U takes the minimal solution to the minimal one
for i in range(0):
    f = B.subs(n, i + 1)/(f - A.subs(n, i))
V = U.subs(n, 0)
tail = (V[3]*f - V[1])/(V[0] - V[2]*f)
value = tail
formula = S(6)/(S(-9) + polygamma(S(1), S(1)/3))
first, second = S(6)/(S(-9) + polygamma(S(1), S(1)/3)), S(6)/(S(-9) + polygamma(S(1), S(1)/3))
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("trigamma_third: selftest ok")

# discover: {"format":1,"name":"trigamma_third","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"bbf1673b","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = 10.0 * n + 5.0","b = 9.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9906064021013087,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"a09cafde8df0959b"}
