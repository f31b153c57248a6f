-- SPDX-License-Identifier: MIT-0
--
-- gamma_third: 3*gamma(1/3)^3/(4*pi^2) = 1 + 6/(14 - 32/(37 - 270/(70 - ...))), a(n) = 5 n^2 + 8 n + 1, b(n) = -2 n^2 (n + 2) (2 n - 3)
--
-- Value: 1.4609984862063183581588731178460596970389313558074...
-- Status: PROVED: coboundary; Gauss-Noerlund: contiguous 2F1; incomplete beta integral, 3-division of y^2 = x^3 - 1
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.60206       decimal digits a term: exponential convergence
--     delta   -0.375908     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     a = (5.0 * n + 8.0) * n + 1.0
--     k3 = 2.0
--     b = -2.0 * (square(n) * (n + k3) * (k3 * n - 3.0))
-- Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
-- Find it again: discover run constants/box24 --seed 0 --budget 22034918400
import Mathlib

namespace gamma_third

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 5 * (n : ℤ) ^ 2 + 8 * (n : ℤ) + 1

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -4 * (n : ℤ) ^ 4 - 2 * (n : ℤ) ^ 3 + 12 * (n : ℤ) ^ 2

/-- Numerators of the convergents. -/
def p : ℕ → ℤ
  | 0 => a 0
  | 1 => a 1 * a 0 + b 1
  | n + 2 => a (n + 2) * p (n + 1) + b (n + 2) * p n

/-- Denominators of the convergents. -/
def q : ℕ → ℤ
  | 0 => 1
  | 1 => a 1
  | n + 2 => a (n + 2) * q (n + 1) + b (n + 2) * q n

example : p 2 = 708 ∧ q 2 = 486 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 607334400 ∧ q 5 = 415704960 := by
  first | norm_num [p, q, a, b] | decide

/-- 3*gamma(1/3)^3/(4*pi^2) = 1 + 6/(14 - 32/(37 - 270/(70 - ...)))
Proved, though not here in Lean: coboundary; Gauss-Noerlund: contiguous 2F1; incomplete beta integral, 3-division of y^2 = x^3 - 1.
The certificate is the format `proof`.
-/
theorem gamma_third_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (3 * (Real.Gamma (1 / 3)) ^ 3 / (4 * Real.pi ^ 2))) := by
  sorry

end gamma_third
-- discover: {"format":1,"name":"gamma_third","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"54820961","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (5.0 * n + 8.0) * n + 1.0","k3 = 2.0","b = -2.0 * (square(n) * (n + k3) * (k3 * n - 3.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.37590828790999564,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"a942e6f8fb3e1ed8"}
