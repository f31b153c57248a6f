-- SPDX-License-Identifier: MIT-0
--
-- erfc_2: 2/(e^4*erfc(2)*sqrt(pi)) = 4 + 2/(4 + 4/(4 + 6/(4 + ...))), a(n) = 4, b(n) = 2 n
--
-- Value: 4.4181608059944141979728897479328219041559935427138...
-- Status: PROVED: Laplace-Whittaker: contiguous parabolic cylinder functions (1F1); D_0 and D_-1 by the complementary error function
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0             decimal digits a term: subexponential convergence
--     delta   -0.921912     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     k0 = 4.0
--     b = 2.0 * n
--     a = k0
-- Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
-- Find it again: discover run constants/box2 --seed 0 --budget 1768900
import Mathlib

namespace erfc_2

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 4

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 2 * (n : ℤ)

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

example : p 2 = 88 ∧ q 2 = 20 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 14776 ∧ q 5 = 3344 := by
  first | norm_num [p, q, a, b] | decide

/-- 2/(e^4*erfc(2)*sqrt(pi)) = 4 + 2/(4 + 4/(4 + 6/(4 + ...)))
Proved, though not here in Lean: Laplace-Whittaker: contiguous parabolic cylinder functions (1F1); D_0 and D_-1 by the complementary error function.
The certificate is the format `proof`.
-/
theorem erfc_2_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (2 / ((Real.exp 1) ^ 4 * (2 / Real.sqrt Real.pi * ∫ t in Set.Ioi 2, Real.exp (-t ^ 2)) * Real.sqrt Real.pi))) := by
  sorry

end erfc_2
-- discover: {"format":1,"name":"erfc_2","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"33097d25","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","b = 2.0 * n","a = k0"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9219124947445954,"size":2.0},"descriptors":{"degree_a":0,"degree_b":1,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"aea15eab4acc91ed"}
