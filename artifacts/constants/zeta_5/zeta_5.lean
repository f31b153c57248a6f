-- SPDX-License-Identifier: MIT-0
--
-- zeta_5: 2/(2*zeta(5) - 2*zeta(3) + 1) = 3 - 1^10/(75 - 2^10/(465 - 3^10/(1785 - ...))), a(n) = (2 n + 1) (n^4 + 2 n^3 + 10 n^2 + 9 n + 3), b(n) = -n^10
--
-- Value: 2.9862258661092712862062387005196332290858758638338...
-- Status: PROVED: Euler's series; series of the polygamma function
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0             decimal digits a term: polynomial convergence
--     delta   -0.98299      irrationality measure of convergent 600, exact
--     size    4             decimal digits of the integers in the formula
-- Program:
--     a = ((((2.0 * n + 5.0) * n + 22.0) * n + 28.0) * n + 15.0) * n + 3.0
--     b = -square(square(square(n)) * n)
-- Found by discover-programs 0.1.0, search constants/box510, seed 0, config 42f0fff5059134ac, primitive set fed40efca700882b
-- Find it again: discover run constants/box510 --seed 0 --budget 38111119200
import Mathlib

namespace zeta_5

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 2 * (n : ℤ) ^ 5 + 5 * (n : ℤ) ^ 4 + 22 * (n : ℤ) ^ 3 + 28 * (n : ℤ) ^ 2 + 15 * (n : ℤ) + 3

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -(n : ℤ) ^ 10

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

example : p 2 = 101088 ∧ q 2 = 33851 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 8320145817600000 ∧ q 5 = 2786174019320832 := by
  first | norm_num [p, q, a, b] | decide

/-- 2/(2*zeta(5) - 2*zeta(3) + 1) = 3 - 1^10/(75 - 2^10/(465 - 3^10/(1785 - ...)))
Proved, though not here in Lean: Euler's series; series of the polygamma function.
The certificate is the format `proof`.
-/
theorem zeta_5_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (2 / (2 * (riemannZeta 5).re - 2 * (riemannZeta 3).re + 1))) := by
  sorry

end zeta_5
-- discover: {"format":1,"name":"zeta_5","search":"constants/box510","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-600,600],[-600,600],[-600,600]],"symmetric":true,"odd":true,"half":true,"b":[],"factors":10,"slopes":1,"offsets":1,"content":[-2,2],"depth":64,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":38111119200,"seed":0,"chunk":134217728}},"config_hash":"42f0fff5059134ac","seed":0,"reproduce":"discover run constants/box510 --seed 0 --budget 38111119200","id":"cd8b2da3","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((((2.0 * n + 5.0) * n + 22.0) * n + 28.0) * n + 15.0) * n + 3.0","b = -square(square(square(n)) * n)"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9829903981844073,"size":4.0},"descriptors":{"degree_a":5,"degree_b":10,"members":1},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"8a1ee79470249d32"}
