-- SPDX-License-Identifier: MIT-0
--
-- e: e = 3 - 1/(4 - 2/(5 - 3/(6 - ...))), a(n) = n + 3, b(n) = -n
--
-- Value: 2.7182818284590452353602874713526624977572470936999...
-- Status: PROVED: Euler's series; exponential series, Kummer's 1F1(1; b; z)
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    3             decimal digits a term: factorial convergence
--     delta   0.00427092    irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     a = n + 3.0
--     b = -n
-- Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
-- Find it again: discover run constants/box2 --seed 0 --budget 1768900
import Mathlib

namespace e

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := (n : ℤ) + 3

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := -(n : ℤ)

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

example : p 2 = 49 ∧ q 2 = 18 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 11743 ∧ q 5 = 4320 := by
  first | norm_num [p, q, a, b] | decide

/-- e = 3 - 1/(4 - 2/(5 - 3/(6 - ...)))
Proved, though not here in Lean: Euler's series; exponential series, Kummer's 1F1(1; b; z).
The certificate is the format `proof`.
-/
theorem e_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (Real.exp 1)) := by
  sorry

end e
-- discover: {"format":1,"name":"e","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"e0f4c7ad","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = n + 3.0","b = -n"],"objectives":{"digits":100.0,"rate":3.0,"delta":0.004270923281399552,"size":2.0},"descriptors":{"degree_a":1,"degree_b":1,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"c206ded769e6d978"}
