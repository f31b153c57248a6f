-- SPDX-License-Identifier: MIT-0
--
-- gamma_eighths: 4*gamma(7/8)^2/gamma(3/8)^2 + 1/2 = 1 + 2/(2 + 54/(3 + 300/(4 + ...))), a(n) = n + 1, b(n) = n (n + 1) (2 n - 1)^2
--
-- Value: 1.3452387146552226782264569736892335715684923500083...
-- Status: PROVED: Gauss-Noerlund: contiguous 2F1; Gauss's second theorem at z = 1/2
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0             decimal digits a term: polynomial convergence
--     delta   -0.995705     irrationality measure of convergent 600, exact
--     size    3             decimal digits of the integers in the formula
-- Program:
--     k0 = 1.0
--     a = n + k0
--     b = n * a * square(2.0 * n - k0)
-- Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
-- Find it again: discover run constants/box14 --seed 0 --budget 718592000
import Mathlib

namespace gamma_eighths

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := (n : ℤ) + 1

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 4 * (n : ℤ) ^ 4 - 3 * (n : ℤ) ^ 2 + (n : ℤ)

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

example : p 2 = 66 ∧ q 2 = 60 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 3989520 ∧ q 5 = 2419200 := by
  first | norm_num [p, q, a, b] | decide

/-- 4*gamma(7/8)^2/gamma(3/8)^2 + 1/2 = 1 + 2/(2 + 54/(3 + 300/(4 + ...)))
Proved, though not here in Lean: Gauss-Noerlund: contiguous 2F1; Gauss's second theorem at z = 1/2.
The certificate is the format `proof`.
-/
theorem gamma_eighths_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (4 * (Real.Gamma (7 / 8)) ^ 2 / (Real.Gamma (3 / 8)) ^ 2 + 1 / 2)) := by
  sorry

end gamma_eighths
-- discover: {"format":1,"name":"gamma_eighths","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"c119e73f","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 1.0","a = n + k0","b = n * a * square(2.0 * n - k0)"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9957047199470185,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":12},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"0dbc41b119838eb5"}
