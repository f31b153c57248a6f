-- SPDX-License-Identifier: MIT-0
--
-- zeta_3: 6/zeta(3) = 5 - 1^6/(117 - 2^6/(535 - 3^6/(1463 - ...))), a(n) = (2 n + 1) (17 n^2 + 17 n + 5), b(n) = -n^6
--
-- Value: 4.9914442354842448120987576729291844065023383864023...
-- Status: PROVED: Apery 1979
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    3.06221       decimal digits a term: exponential convergence
--     delta   0.0854322     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0
--     b = -square(square(n) * n)
-- Found by discover-programs 0.1.0, search constants/evolve, seed 0, config 27577073338c1eb3, primitive set fed40efca700882b
-- Find it again: discover run constants/evolve --seed 0 --budget 3000000
import Mathlib

namespace zeta_3

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 34 * (n : ℤ) ^ 3 + 51 * (n : ℤ) ^ 2 + 27 * (n : ℤ) + 5

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -(n : ℤ) ^ 6

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

example : p 2 = 312120 ∧ q 2 = 62531 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 8010210009600000 ∧ q 5 = 1604788039632960 := by
  first | norm_num [p, q, a, b] | decide

/-- 6/zeta(3) = 5 - 1^6/(117 - 2^6/(535 - 3^6/(1463 - ...)))
Proved, though not here in Lean: Apery 1979.
The certificate is the format `proof`.
-/
theorem zeta_3_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (6 / (riemannZeta 3).re)) := by
  sorry

end zeta_3
-- discover: {"format":1,"name":"zeta_3","search":"constants/evolve","config":{"search":"constants","problem":{"method":"evolution","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"evolution":{"degree":8,"least":3,"instructions":20,"constants":8,"coefficients":2000,"plain":0.005,"full":0.95,"finalists":600}},"strategy":{"name":"map_elites","population":200,"tournament":4,"islands":1,"migrate_every":0,"batch":4096,"restart_after":0,"parents":"tournament"},"run":{"budget":3000000,"seed":0,"chunk":256}},"config_hash":"27577073338c1eb3","seed":0,"reproduce":"discover run constants/evolve --seed 0 --budget 3000000","id":"7af9aef2","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((34.0 * n + 51.0) * n + 27.0) * n + 5.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":3.0622054827028937,"delta":0.08543224684616102,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":6},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"058bf3b1ec6f6603"}
