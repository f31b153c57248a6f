-- SPDX-License-Identifier: MIT-0
--
-- pi_squared_log_2: 12/(pi^2 - 6*log(2)^2) = 2 - 2/(9 - 32/(22 - 162/(41 - ...))), a(n) = 3 n^2 + 4 n + 2, b(n) = -2 n^4
--
-- Value: 1.7175032560363884856317051523602961234897598316390...
-- Status: PROVED: Euler's series; Euler's dilogarithm at 1/2
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.30103       decimal digits a term: exponential convergence
--     delta   -0.733401     irrationality measure of convergent 600, exact
--     size    4             decimal digits of the integers in the formula
-- Program:
--     a = (3.0 * n + 4.0) * n + 2.0
--     b = -2.0 * square(square(n))
-- Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
-- Find it again: discover run constants/evolve --seed 0 --budget 3000000
import Mathlib

namespace pi_squared_log_2

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 3 * (n : ℤ) ^ 2 + 4 * (n : ℤ) + 2

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -2 * (n : ℤ) ^ 4

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

example : p 2 = 288 ∧ q 2 = 166 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 33177600 ∧ q 5 = 19308672 := by
  first | norm_num [p, q, a, b] | decide

/-- 12/(pi^2 - 6*log(2)^2) = 2 - 2/(9 - 32/(22 - 162/(41 - ...)))
Proved, though not here in Lean: Euler's series; Euler's dilogarithm at 1/2.
The certificate is the format `proof`.
-/
theorem pi_squared_log_2_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (12 / (Real.pi ^ 2 - 6 * (Real.log 2) ^ 2))) := by
  sorry

end pi_squared_log_2
-- discover: {"format":1,"name":"pi_squared_log_2","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"873e6fd1","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (3.0 * n + 4.0) * n + 2.0","b = -2.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.30102999566398114,"delta":-0.7334005379299889,"size":4.0},"descriptors":{"degree_a":2,"degree_b":4,"members":5},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"d8eae169abb2d2ec"}
