-- SPDX-License-Identifier: MIT-0
--
-- catalan: 1/(2*catalan) = 1 - 2/(7 - 32/(19 - 162/(37 - ...))), a(n) = 3 n^2 + 3 n + 1, b(n) = -2 n^4
--
-- Value: 0.54587203185195305072707973666694616249302506070412...
-- Status: PROVED: Catalan's constant as a double integral
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.30103       decimal digits a term: exponential convergence
--     delta   -0.826625     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     k0 = 3.0
--     a = (k0 * n + k0) * n + 1.0
--     b = -2.0 * square(square(n))
-- Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
-- Find it again: discover run constants/box24 --seed 0 --budget 22034918400
import Mathlib

namespace catalan

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 3 * (n : ℤ) ^ 2 + 3 * (n : ℤ) + 1

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

example : p 2 = 63 ∧ q 2 = 101 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 3606525 ∧ q 5 = 6489711 := by
  first | norm_num [p, q, a, b] | decide

/-- 1/(2*catalan) = 1 - 2/(7 - 32/(19 - 162/(37 - ...)))
Proved, though not here in Lean: Catalan's constant as a double integral.
The certificate is the format `proof`.
-/
theorem catalan_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (1 / (2 * (∑' k : ℕ, (-1 : ℝ) ^ k / (2 * (k : ℝ) + 1) ^ 2)))) := by
  sorry

end catalan
-- discover: {"format":1,"name":"catalan","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"39e44fc8","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","a = (k0 * n + k0) * n + 1.0","b = -2.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.30102999566398114,"delta":-0.8266251444682622,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"6c12d7b6d3b6c950"}
