-- SPDX-License-Identifier: MIT-0
--
-- trigamma_third: 6/(polygamma(1, 1/3) - 9) = 5 + 9/(15 + 144/(25 + 729/(35 + ...))), a(n) = 10 n + 5, b(n) = 9 n^4
--
-- Value: 5.4764656284225225043041364686780484130023611563220...
-- Status: PROVED: Stieltjes, Ramanujan: continued fraction of the trigamma function
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0             decimal digits a term: polynomial convergence
--     delta   -0.990606     irrationality measure of convergent 600, exact
--     size    3             decimal digits of the integers in the formula
-- Program:
--     a = 10.0 * n + 5.0
--     b = 9.0 * square(square(n))
-- Found by discover-programs 0.1.0, search constants/box14, seed 0, config 47cdf2ed38f1c3d2, primitive set fed40efca700882b
-- Find it again: discover run constants/box14 --seed 0 --budget 718592000
import Mathlib

namespace trigamma_third

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 10 * (n : ℤ) + 5

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 9 * (n : ℤ) ^ 4

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

example : p 2 = 2820 ∧ q 2 = 519 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 1652832000 ∧ q 5 = 301477680 := by
  first | norm_num [p, q, a, b] | decide

/-- 6/(polygamma(1, 1/3) - 9) = 5 + 9/(15 + 144/(25 + 729/(35 + ...)))
Proved, though not here in Lean: Stieltjes, Ramanujan: continued fraction of the trigamma function.
The certificate is the format `proof`.
-/
theorem trigamma_third_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (6 / (((-1) ^ (1 + 1) * (Nat.factorial 1 : ℝ) * ∑' k : ℕ, 1 / ((k : ℝ) + (1 / 3)) ^ (1 + 1)) - 9))) := by
  sorry

end trigamma_third
-- discover: {"format":1,"name":"trigamma_third","search":"constants/box14","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-400,400],[-400,400]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":1,"content":[-32,32],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":67108864,"restart_after":0},"run":{"budget":718592000,"seed":0,"chunk":8388608}},"config_hash":"47cdf2ed38f1c3d2","seed":0,"reproduce":"discover run constants/box14 --seed 0 --budget 718592000","id":"bbf1673b","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["a = 10.0 * n + 5.0","b = 9.0 * square(square(n))"],"objectives":{"digits":100.0,"rate":0.0,"delta":-0.9906064021013087,"size":3.0},"descriptors":{"degree_a":1,"degree_b":4,"members":2},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"a09cafde8df0959b"}
