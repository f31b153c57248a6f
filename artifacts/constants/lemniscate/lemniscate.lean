-- SPDX-License-Identifier: MIT-0
--
-- lemniscate: 2/lemniscate = 1 - 1/(5 - 6/(9 - 15/(13 - ...))), a(n) = 4 n + 1, b(n) = -n (2 n - 1)
--
-- Value: 0.76275976350181318806232598096361579329262923734807...
-- Status: PROVED: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, half arc of the lemniscate (Fagnano)
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.765551      decimal digits a term: exponential convergence
--     delta   -0.134117     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     k0 = 4.0
--     k1 = 1.0
--     a = k0 * n + k1
--     b = -(n * (2.0 * n - k1))
-- Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
-- Find it again: discover run constants/box2 --seed 0 --budget 1768900
import Mathlib

namespace lemniscate

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 4 * (n : ℤ) + 1

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -2 * (n : ℤ) ^ 2 + (n : ℤ)

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

example : p 2 = 30 ∧ q 2 = 39 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 85320 ∧ q 5 = 111852 := by
  first | norm_num [p, q, a, b] | decide

/-- 2/lemniscate = 1 - 1/(5 - 6/(9 - 15/(13 - ...)))
Proved, though not here in Lean: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, half arc of the lemniscate (Fagnano).
The certificate is the format `proof`.
-/
theorem lemniscate_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (2 / ((Real.Gamma (1 / 4)) ^ 2 / (2 * Real.sqrt (2 * Real.pi))))) := by
  sorry

end lemniscate
-- discover: {"format":1,"name":"lemniscate","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"63de4d73","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","k1 = 1.0","a = k0 * n + k1","b = -(n * (2.0 * n - k1))"],"objectives":{"digits":100.0,"rate":0.7655513706757262,"delta":-0.13411679225120576,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"7144354895209679"}
