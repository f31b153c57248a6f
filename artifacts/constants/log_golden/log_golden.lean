-- SPDX-License-Identifier: MIT-0
--
-- log_golden: sqrt(5)/(2*log(golden)) = 2 + 2/(5 + 12/(8 + 30/(11 + ...))), a(n) = 3 n + 2, b(n) = 2 n (2 n - 1)
--
-- Value: 2.3233718095173863995097048397298999444522317196484...
-- Status: PROVED: Euler's series; Pfaff's transformation, series of arcsin
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.60206       decimal digits a term: exponential convergence
--     delta   -0.293982     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     k0 = 3.0
--     k1 = 2.0
--     a = k0 * n + k1
--     b = k1 * (n * (k1 * n - 1.0))
-- Found by discover-programs 0.1.0, search constants/box2, seed 0, config 14b718b78dfa5a26, primitive set fed40efca700882b
-- Find it again: discover run constants/box2 --seed 0 --budget 1768900
import Mathlib

namespace log_golden

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 3 * (n : ℤ) + 2

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 4 * (n : ℤ) ^ 2 - 2 * (n : ℤ)

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

example : p 2 = 120 ∧ q 2 = 52 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 665280 ∧ q 5 = 286320 := by
  first | norm_num [p, q, a, b] | decide

/-- sqrt(5)/(2*log(golden)) = 2 + 2/(5 + 12/(8 + 30/(11 + ...)))
Proved, though not here in Lean: Euler's series; Pfaff's transformation, series of arcsin.
The certificate is the format `proof`.
-/
theorem log_golden_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (Real.sqrt 5 / (2 * Real.log Real.goldenRatio))) := by
  sorry

end log_golden
-- discover: {"format":1,"name":"log_golden","search":"constants/box2","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-5,5],[-5,5],[-5,5]],"symmetric":false,"odd":false,"half":false,"b":[[-5,5],[-5,5],[-5,5]],"factors":0,"slopes":1,"offsets":1,"content":[-1,1],"depth":1000,"sieve":false,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":221200,"restart_after":0},"run":{"budget":1768900,"seed":0,"chunk":27650}},"config_hash":"14b718b78dfa5a26","seed":0,"reproduce":"discover run constants/box2 --seed 0 --budget 1768900","id":"1033a945","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","k1 = 2.0","a = k0 * n + k1","b = k1 * (n * (k1 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.2939817726364863,"size":2.0},"descriptors":{"degree_a":1,"degree_b":2,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"37f6a098d42bb540"}
