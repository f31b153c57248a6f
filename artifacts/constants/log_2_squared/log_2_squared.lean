-- SPDX-License-Identifier: MIT-0
--
-- log_2_squared: 2/log(2)^2 = 4 + 4/(23 + 96/(56 + 540/(103 + ...))), a(n) = 7 n^2 + 12 n + 4, b(n) = 4 n^3 (2 n - 1)
--
-- Value: 4.1627379620112155957391632074699828501280943112921...
-- Status: PROVED: Euler's series; central binomial sums: 2 arcsin(t)^2 (Euler)
-- Certificate: the format `proof`, a Python file
-- Scores:
--     digits  100           to which fraction and formula agree, evaluated afresh (compared: 100)
--     rate    0.90309       decimal digits a term: exponential convergence
--     delta   -0.429092     irrationality measure of convergent 600, exact
--     size    2             decimal digits of the integers in the formula
-- Program:
--     k0 = 7.0
--     k1 = 12.0
--     k2 = 4.0
--     a = (k0 * n + k1) * n + k2
--     b = k2 * (square(n) * n * (2.0 * n - 1.0))
-- Found by discover-programs 0.1.0, search constants/box24, seed 0, config 49f01c908c38db10, primitive set fed40efca700882b
-- Find it again: discover run constants/box24 --seed 0 --budget 22034918400
import Mathlib

namespace log_2_squared

/-- The partial denominators. -/
def a (n : ℕ) : ℤ := 7 * (n : ℤ) ^ 2 + 12 * (n : ℤ) + 4

/-- The partial numerators. -/
def b (n : ℕ) : ℤ := 8 * (n : ℤ) ^ 4 - 4 * (n : ℤ) ^ 3

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

example : p 2 = 5760 ∧ q 2 = 1384 := by
  first | norm_num [p, q, a, b] | decide
example : p 5 = 30656102400 ∧ q 5 = 7364407104 := by
  first | norm_num [p, q, a, b] | decide

/-- 2/log(2)^2 = 4 + 4/(23 + 96/(56 + 540/(103 + ...)))
Proved, though not here in Lean: Euler's series; central binomial sums: 2 arcsin(t)^2 (Euler).
The certificate is the format `proof`.
-/
theorem log_2_squared_limit :
    Filter.Tendsto (fun n => (p n : ℝ) / (q n : ℝ)) Filter.atTop
      (nhds (2 / (Real.log 2) ^ 2)) := by
  sorry

end log_2_squared
-- discover: {"format":1,"name":"log_2_squared","search":"constants/box24","config":{"search":"constants","problem":{"method":"box","hours":1.0,"identify":{"constants":[],"user":{},"decoys":4,"coefficients":8,"digits":50},"box":{"a":[[-80,80],[-80,80],[-80,80]],"symmetric":false,"odd":false,"half":true,"b":[],"factors":4,"slopes":2,"offsets":3,"content":[-16,16],"depth":1000,"sieve":true,"finds":2000,"tries":400,"neighbours":1000}},"strategy":{"name":"exhaustive","population":200,"tournament":5,"islands":1,"migrate_every":0,"batch":268435456,"restart_after":0},"run":{"budget":22034918400,"seed":0,"chunk":33554432}},"config_hash":"49f01c908c38db10","seed":0,"reproduce":"discover run constants/box24 --seed 0 --budget 22034918400","id":"7db5b868","parents":[],"signature":{"inputs":["n"],"outputs":["a","b"],"state":[]},"primitives":["add","sub","mul","neg","square"],"primitives_hash":"fed40efca700882b","program":["k0 = 7.0","k1 = 12.0","k2 = 4.0","a = (k0 * n + k1) * n + k2","b = k2 * (square(n) * n * (2.0 * n - 1.0))"],"objectives":{"digits":100.0,"rate":0.9030899869919434,"delta":-0.429092434481556,"size":2.0},"descriptors":{"degree_a":2,"degree_b":4,"members":4},"scores":{},"status":"proven","generator":"discover-programs 0.1.0","digest":"871379736fee0ccc"}
