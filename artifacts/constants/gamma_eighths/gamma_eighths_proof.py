# SPDX-License-Identifier: MIT-0
#
# gamma_eighths: 4*gamma(7/8)^2/gamma(3/8)^2 + 1/2 = 1 + 2/(2 + 54/(3 + 300/(4 + ...))), a(n) = n + 1, b(n) = n (n + 1) (2 n - 1)^2
#
# Value: 1.3452387146552226782264569736892335715684923500083...
# Status: PROVED: Gauss-Noerlund: contiguous 2F1; Gauss's second theorem at z = 1/2
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    0             decimal digits a term: polynomial convergence
#     delta   -0.995705     irrationality measure of convergent 600, exact
#     size    3             decimal digits of the integers in the formula
# Program:
#     k0 = 1.0
#     a = n + k0
#     b = n * a * square(2.0 * n - k0)
# Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
# Find it again: discover run constants/box14 --seed 0 --budget 718592000

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = 1, (2*n - 1)**2
inflation = sympify((n + 1))  # equivalence: the value is inflation(0) times that of a, b
inflated = inflation*a, inflation*inflation.subs(n, n - 1)*b
assert [expand(p - q) for p, q in zip(inflated, ((n + 1), (2*n - 1)**2*n*(n + 1)))] == [0, 0]
# G(n) = 2F1(p, q; c+n; z)/gamma(c+n), x = c+n: (1-z) G(n-1) = (x-1 - (2x-p-q-1) z) G(n) + z (x-p)(x-q) G(n+1):
x, p, q = symbols("x p q")  # coefficients of z^j over that of z^(j-1) in G(n)
g = (p + j - 1)*(q + j - 1)/((x + j - 1)*j)
assert simplify(j*g - (x + j - 2) + 2*x - p - q - 1 - (x - p)*(x - q)/(x + j - 1)) == 0
k = S(4)
p = S(3)/4
q = S(3)/4
c = S(5)/4
z = S(1)/2
assert simplify(a - (k*(c + n - 1 - (2*(c + n) - p - q - 1)*z))) == 0
assert simplify(b - (k**2*z*(1 - z)*(c + n - 1 - p)*(c + n - 1 - q))) == 0
# z = 1/2: the solutions with k and -k have f(n) = (+-k n/2)(1 + x/n + O(1/n^2)) (DLMF 15.12.2), x with and without + 2 a/k > 0 between them: G is minimal,
# so by Pincherle's theorem the fraction converges to f(0) = k (1-z) G(-1)/G(0)
# f(0): Gauss-Noerlund: contiguous 2F1; Gauss's second theorem at z = 1/2
tail = S(2)*(S(1) + S(1)/(S(2)*(-S(1)/(S(4)*gamma(S(7)/8)**S(2)) + S(2)/gamma(S(3)/8)**S(2))*gamma(S(7)/8)**S(2)))*(-S(1)/(S(4)*gamma(S(7)/8)**S(2)) + S(2)/gamma(S(3)/8)**S(2))*gamma(S(7)/8)**S(2)
ratio = hyper((S(3)/4, S(3)/4), (S(1)/4,), S(1)/2)/(S(2)*hyper((S(3)/4, S(3)/4), (S(5)/4,), S(1)/2))
assert abs(N(tail - ratio, 30)) < 10**-20  # the special value, looked at in digits
value = tail*inflation.subs(n, 0)
formula = S(1)/2 + S(4)*gamma(S(7)/8)**S(2)/gamma(S(3)/8)**S(2)
first, second = S(8)*pi**S(2)*(S(1) + (S(-1) + sqrt(S(2)))**S(2)*(sqrt(S(2)) + S(2))*gamma(S(1)/8)**S(2)/(S(8)*pi**S(2)*(-(S(-1) + sqrt(S(2)))**S(2)*(sqrt(S(2)) + S(2))*gamma(S(1)/8)**S(2)/(S(16)*pi**S(2)) + sqrt(S(2))*(sqrt(S(2)) + S(2))*gamma(S(1)/4)**S(2)/(pi*gamma(S(1)/8)**S(2)))))*(-(S(-1) + sqrt(S(2)))**S(2)*(sqrt(S(2)) + S(2))*gamma(S(1)/8)**S(2)/(S(16)*pi**S(2)) + sqrt(S(2))*(sqrt(S(2)) + S(2))*gamma(S(1)/4)**S(2)/(pi*gamma(S(1)/8)**S(2)))/((S(-1) + sqrt(S(2)))**S(2)*(sqrt(S(2)) + S(2))*gamma(S(1)/8)**S(2)), S(1)/2 + S(8)*sqrt(S(2))*pi*gamma(S(1)/4)**S(2)/((S(-1) + sqrt(S(2)))**S(2)*gamma(S(1)/8)**S(4))
# first is value, second is formula: classical identities of the functions in them; in digits:
assert abs(N(value - first, 50)) < 10**-40
assert abs(N(formula - second, 50)) < 10**-40
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("gamma_eighths: selftest ok")

# discover: {"format":1,"name":"gamma_eighths","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"c119e73f","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 1.0","a = n + k0","b = n * a * square(2.0 * n - k0)"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9957047199470185,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":12},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"0dbc41b119838eb5"}
