-- SPDX-License-Identifier: MIT-0
--
-- zeta_3_sevenths: 8/(7*zeta(3)) = 1 - 1^6/(21 - 2^6/(95 - 3^6/(259 - ...))), a(n) = (2 n + 1) (3 n^2 + 3 n + 1), b(n) = -n^6
--
-- Value: 0.95075128294937996420928717579603512504806445455283...
-- Status: FAMILY: Apery limit (Almkvist-Zudilin 2006)
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    1.5311        decimal digits a term: exponential convergence
--     delta   -0.418806     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     a = ((6.0 * n + 9.0) * n + 5.0) * n + 1.0
--     b = -square(square(n) * n)
-- Found by discover-programs 0.1.0, search constants/box36, seed 0, config 1ccbae3b422f748f, primitive set fed40efca700882b
-- Find it again: discover run constants/box36 --seed 0 --budget 72024583680
import Mathlib

namespace zeta_3_sevenths

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 6 * (n : ℤ) ^ 3 + 9 * (n : ℤ) ^ 2 + 5 * (n : ℤ) + 1

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

example : p 2 = 1836 ∧ q 2 = 1931 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 238581288000 ∧ q 5 = 250939748304 := by
  first | norm_num [p, q, a, b] | decide

/-- 8/(7*zeta(3)) = 1 - 1^6/(21 - 2^6/(95 - 3^6/(259 - ...)))
CONJECTURE: of the family of Apery limit (Almkvist-Zudilin 2006);
the value in this case was only matched by digits.
-/
theorem zeta_3_sevenths_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (8 / (7 * (riemannZeta 3).re))) := by
  sorry

end zeta_3_sevenths
-- discover: {"format":1,"name":"zeta_3_sevenths","search":"constants/box36","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-60,60],[-60,60],[-60,60],[-60,60]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":6,"slopes":2,"offsets":1,"content":[-4,4],"depth":400,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":72024583680,"seed":0,"chunk":134217728}},"config_hash":"1ccbae3b422f748f","seed":0,"reproduce":"discover run constants/box36 --seed 0 --budget 72024583680","id":"b3a4f8cd","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = ((6.0 * n + 9.0) * n + 5.0) * n + 1.0","b = -square(square(n) * n)"],"objectives":{"digits":100.0,"rate":1.5311027413514522,"delta":-0.418805922804088,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":2},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"0fccf0c1cc3e0f94"}
