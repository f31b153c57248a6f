# SPDX-License-Identifier: MIT-0
#
# zeta_3: 6/zeta(3) = 5 - 1^6/(117 - 2^6/(535 - 3^6/(1463 - ...))), a(n) = (2 n + 1) (17 n^2 + 17 n + 5), b(n) = -n^6
#
# Value: 4.9914442354842448120987576729291844065023383864023...
# Status: PROVED: Apery 1979
# Certificate: the format `proof`, a Python file
# Scores:
#     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
#     rate    3.06221       decimal digits a term: exponential convergence
#     delta   0.0854322     irrationality measure of convergent 600, exact
#     size    2             decimal digits of the integers in the formula
# Program:
#     a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0
#     b = -square(square(n) * n)
# Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
# Find it again: discover run constants/evolve --seed 0 --budget 3000000

# Running this file checks the certificate; needs sympy.
from sympy import *
n, j = symbols("n j")
a, b = (2*n + 1)*(17*n**2 + 17*n + 5), -n**6
M = Matrix([[a, sympify(b).subs(n, n + 1)], [1, 0]])
A, B = (2*n + 1)*(17*n**2 + 17*n + 5), -n**6  # Apery 1979
# R(n, t) = ((t-1)...(t-n))^2/(t (t+1)...(t+n))^2, I(n) = -sum of dR/dt over t >= 1, G(n) = I(n)/n!^3
t = symbols("t")
before, after = (t + n)**2/(t - n)**2, (t - n - 1)**2/(t + n + 1)**2  # R(n-1, t), R(n+1, t) over R(n, t)
up, C = t**4/((t - n)**2*(t + n + 1)**2), 4*(2*n + 1)*(-2*t**2 + t + (2*n + 1)**2)  # R(n, t+1), H
relation = n**3*before - (2*n + 1)*(17*n**2 + 17*n + 5) + (n + 1)**3*after
assert cancel(relation - (C.subs(t, t + 1)*up - C)) == 0
# C R has a double zero at t = 1 and tends to 0, so derivatives sum to G(n-1) = a(n) G(n) + b(n+1) G(n+1).
# |R| <= 1/t^2 and |dR/dt| <= (4n + 2)|R|: I(n) grows less than exponentially, so by Poincare-Perron (the
# roots of x^2 - 34 x + 1) G is minimal, and by Pincherle's theorem the value is a(0) + b(1) G(1)/G(0)
R1 = (t - 1)**2/(t**2*(t + 1)**2)
assert cancel(R1 - (1/t**2 - 4/t + 4/(t + 1)**2 + 4/(t + 1))) == 0  # so I(0) = 2 zeta(3), and
I1 = 2*zeta(3) - 4*zeta(2) + 8*(zeta(3) - 1) + 4*(zeta(2) - 1)
f = 5 - I1/(2*zeta(3))
assert expand(I1 - 10*zeta(3) + 12) == 0
K = Matrix([[A, B.subs(n, n + 1)], [1, 0]]).subs(n, n + 0)
U = Matrix([[1, 0], [0, 1]])
assert (U*M - 1*K*U.subs(n, n + 1)).applyfunc(expand) == zeros(2)
# U takes the minimal solution to the minimal one
for i in range(0):
    f = B.subs(n, i + 1)/(f - A.subs(n, i))
V = U.subs(n, 0)
tail = (V[3]*f - V[1])/(V[0] - V[2]*f)
value = tail
formula = S(6)/zeta(S(3))
first, second = S(6)/zeta(S(3)), S(6)/zeta(S(3))
difference = first - second
assert radsimp(expand(numer(together(difference)))) == 0

print("zeta_3: selftest ok")

# discover: {"format":1,"name":"zeta_3","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"7af9aef2","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":3.0622054827028937,"delta":0.08543224684616102,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":6},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"058bf3b1ec6f6603"}
