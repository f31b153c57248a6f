-- SPDX-License-Identifier: MIT-0
--
-- zeta_3_fifths: 5/(2*zeta(3)) = 2 + 2/(23 + 192/(82 + 2430/(197 + ...))), a(n) = 3 n^3 + 10 n^2 + 8 n + 2, b(n) = 2 n^5 (2 n - 1)
--
-- Value: 2.0797684314517686717078156970538268360426409943343...
-- Status: PROVED: Euler's series; central binomial sums: zeta(3) (Markov 1890, Apery)
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.60206       decimal digits a term: exponential convergence
--     delta   -0.646039     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     k0 = 3.0
--     k1 = 10.0
--     k2 = 8.0
--     k3 = 2.0
--     a = ((k0 * n + k1) * n + k2) * n + k3
--     b = k3 * (square(square(n)) * n * (k3 * n - 1.0))
-- Found by discover-programs 0.1.0, search constants/box36, seed 0, config 1ccbae3b422f748f, primitive set fed40efca700882b
-- Find it again: discover run constants/box36 --seed 0 --budget 72024583680
import Mathlib

namespace zeta_3_fifths

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 3 * (n : ℤ) ^ 3 + 10 * (n : ℤ) ^ 2 + 8 * (n : ℤ) + 2

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 4 * (n : ℤ) ^ 6 - 2 * (n : ℤ) ^ 5

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

example : p 2 = 4320 ∧ q 2 = 2078 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 344881152000 ∧ q 5 = 165826459008 := by
  first | norm_num [p, q, a, b] | decide

/-- 5/(2*zeta(3)) = 2 + 2/(23 + 192/(82 + 2430/(197 + ...)))
Proved, though not here in Lean: Euler's series; central binomial sums: zeta(3) (Markov 1890, Apery).
The certificate is the format `proof`.
-/
theorem zeta_3_fifths_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (5 / (2 * (riemannZeta 3).re))) := by
  sorry

end zeta_3_fifths
-- discover: {"format":1,"name":"zeta_3_fifths","search":"constants/box36","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-60,60],[-60,60],[-60,60],[-60,60]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":6,"slopes":2,"offsets":1,"content":[-4,4],"depth":400,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":1073741824,"restart_after":0},"run":{"budget":72024583680,"seed":0,"chunk":134217728}},"config_hash":"1ccbae3b422f748f","seed":0,"reproduce":"discover run constants/box36 --seed 0 --budget 72024583680","id":"6ea88517","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 3.0","k1 = 10.0","k2 = 8.0","k3 = 2.0","a = ((k0 * n + k1) * n + k2) * n + k3","b = k3 * (square(square(n)) * n * (k3 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.6020599913279624,"delta":-0.6460387196430426,"size":2.0},"descriptors":{"degree_a":3,"degree_b":6,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"380780c0ee3cc038"}
