-- SPDX-License-Identifier: MIT-0
--
-- pi: 4/pi = 1 + 1^2/(3 + 2^2/(5 + 3^2/(7 + ...))), a(n) = 2 n + 1, b(n) = n^2
--
-- Value: 1.2732395447351626861510701069801148962756771659236...
-- Status: PROVED: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, elementary by Chebyshev's criterion
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.765551      decimal digits a term: exponential convergence
--     delta   -0.187812     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     a = 2.0 * n + 1.0
--     b = square(n)
-- Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
-- Find it again: discover run constants/box2 --seed 0 --budget 1768900
import Mathlib

namespace pi

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 2 * (n : ℤ) + 1

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := (n : ℤ) ^ 2

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

example : p 2 = 24 ∧ q 2 = 19 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 29520 ∧ q 5 = 23184 := by
  first | norm_num [p, q, a, b] | decide

/-- 4/pi = 1 + 1^2/(3 + 2^2/(5 + 3^2/(7 + ...)))
Proved, though not here in Lean: Gauss-Noerlund: contiguous 2F1; incomplete beta integral, elementary by Chebyshev's criterion.
The certificate is the format `proof`.
-/
theorem pi_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (4 / Real.pi)) := by
  sorry

end pi
-- discover: {"format":1,"name":"pi","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"435e441d","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = 2.0 * n + 1.0","b = square(n)"],"objectives":{"digits":100.0,"rate":0.765551370675726,"delta":-0.18781246997396617,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":8},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"2705dd952cd11fb5"}
