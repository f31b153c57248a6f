-- SPDX-License-Identifier: MIT-0
--
-- gauss: gauss/(1 - gauss) = 3 + 36/(7 + 400/(11 + 1764/(15 + ...))), a(n) = 4 n + 3, b(n) = 4 n^2 (2 n + 1)^2
--
-- Value: 5.0469305304621636325583327321835447761884389893920...
-- Status: CONJECTURED: 100 digits agree
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0             decimal digits a term: polynomial convergence
--     delta   -0.996781     irrationality measure of convergent 600, exact
--     size    3             decimal digits of the integers in the formula
-- Program:
--     k0 = 4.0
--     a = k0 * n + 3.0
--     b = k0 * (square(n) * square(2.0 * n + 1.0))
-- Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
-- Find it again: discover run constants/box14 --seed 0 --budget 718592000
import Mathlib

namespace gauss

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 4 * (n : ℤ) + 3

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 16 * (n : ℤ) ^ 4 + 16 * (n : ℤ) ^ 3 + 4 * (n : ℤ) ^ 2

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

example : p 2 = 1827 ∧ q 2 = 477 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 1821983625 ∧ q 5 = 301382775 := by
  first | norm_num [p, q, a, b] | decide

/-- gauss/(1 - gauss) = 3 + 36/(7 + 400/(11 + 1764/(15 + ...)))
CONJECTURE: 100 digits agree, no proof is known to us.
-/
theorem gauss_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds ((Real.Gamma (1 / 4)) ^ 2 / (2 * Real.pi) ^ (3 / 2 : ℝ) / (1 - (Real.Gamma (1 / 4)) ^ 2 / (2 * Real.pi) ^ (3 / 2 : ℝ)))) := by
  sorry

end gauss
-- discover: {"format":1,"name":"gauss","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"27737d75","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 4.0","a = k0 * n + 3.0","b = k0 * (square(n) * square(2.0 * n + 1.0))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9967811091154595,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":2},"scores":{},"status":"measured","generator":"discover-programs 0.1.0","digest":"df592e7b06d04384"}
