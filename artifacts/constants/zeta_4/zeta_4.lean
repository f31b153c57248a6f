-- SPDX-License-Identifier: MIT-0
--
-- zeta_4: 1/(8 - 4*zeta(2) - zeta(4)) = 3 - 1^8/(27 - 2^8/(123 - 3^8/(387 - ...))), a(n) = 2 n^4 + 4 n^3 + 10 n^2 + 8 n + 3, b(n) = -n^8
--
-- Value: 2.9591007981197201765883041594351580419083869514124...
-- Status: PROVED: Euler's series; series of the polygamma function
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0             decimal digits a term: polynomial convergence
--     delta   -0.986265     irrationality measure of convergent 600, exact
--     size    4             decimal digits of the integers in the formula
-- Program:
--     a = (((2.0 * n + 4.0) * n + 10.0) * n + 8.0) * n + 3.0
--     b = -square(square(square(n)))
-- Found by discover-programs 0.1.0, search constants/box48, seed 0, config efcb8a05bff2d419, primitive set fed40efca700882b
-- Find it again: discover run constants/box48 --seed 0 --budget 62363649600
import Mathlib

namespace zeta_4

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 2 * (n : ℤ) ^ 4 + 4 * (n : ℤ) ^ 3 + 10 * (n : ℤ) ^ 2 + 8 * (n : ℤ) + 3

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -(n : ℤ) ^ 8

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

example : p 2 = 9072 ∧ q 2 = 3065 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 3493601280000 ∧ q 5 = 1180614673152 := by
  first | norm_num [p, q, a, b] | decide

/-- 1/(8 - 4*zeta(2) - zeta(4)) = 3 - 1^8/(27 - 2^8/(123 - 3^8/(387 - ...)))
Proved, though not here in Lean: Euler's series; series of the polygamma function.
The certificate is the format `proof`.
-/
theorem zeta_4_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (1 / (8 - 4 * (riemannZeta 2).re - (riemannZeta 4).re))) := by
  sorry

end zeta_4
-- discover: {"format":1,"name":"zeta_4","search":"constants/box48","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-600,600],[-600,600],[-600,600]],"symmetric":true,"odd":false,"half":true,"b":[],"factors":8,"slopes":1,"offsets":1,"content":[-4,4],"depth":64,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":62363649600,"seed":0,"chunk":134217728}},"config_hash":"efcb8a05bff2d419","seed":0,"reproduce":"discover run constants/box48 --seed 0 --budget 62363649600","id":"c5482966","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = (((2.0 * n + 4.0) * n + 10.0) * n + 8.0) * n + 3.0","b = -square(square(square(n)))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9862646851510085,"size":4.0},"descriptors":{"degree_a":4,"degree_b":8,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"6cbde3868b296179"}
