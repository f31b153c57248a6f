"""The fit of constants on a GPU: a thread for every start of every program, the CPU's functions compiled for it.

`prepare` spells out programs and draws starts on the CPU, so both devices start from the same bits. `kernels` then
are the phases of `fit.fit`, in its order: solve what is linear, pick the best starts by the same rule, short and long
Levenberg-Marquardt, the error, Lawson's weights. `fit` launches them.

How far errors agree. The CPU adds up a sum of squares in the order that its vectors suggest, the GPU one by one; from
there roundings differ, and a step may be taken on one and refused on the other. Of 400 bred programs at the effort of
the hurdle, 95 in 100 errors agree within 1e-6 relative, 97 in 100 within 1 %, and neither side is the better one
(simulated; of 64 whose compiled kernels were emulated, 97 in 100 within 1e-6). Of 60 at the proxy's effort 88 in 100
agree within 1e-6: longer walks part more often. So a run on a GPU is another run, as one of another seed is; finalists
are polished and measured in exact arithmetic on the CPU either way.

Why breeding, canonical form, fingerprint and selection stay on the CPU. Measured on one core (exp2.toml, 16,384
candidates a generation), in microseconds a candidate: breeding 0.4, canonical form 0.8, fingerprint 0.1, look-ups and
the rest 0.8, together 2.05. The fit takes 64.6: 62 for each of the 25 in 100 that are scored, 384 for each of the 13 in
100 that go on to the proxy. Preparing programs for a GPU adds 1.3. If the fit cost nothing there, 3.4 would be left:
300,000 candidates a second, where a core does 15,000 in all.

It does not cost nothing. Estimated, never measured: for a program at the hurdle the emulated kernels issue 535,000
warp-instructions, 0.6 microseconds of an H100 at its full rate of 9e11 a second, and read and write 5.4 MB of scratch,
1.6 at its 3.35 TB/s. A proxy takes six times that. Say 2.5 a candidate, then: host and GPU are about even, and a device
that bred and canonicalised too would save a fifth. (Breeding compiles for it as it is, in 104 registers and without
local memory; canonical form and cache would have to follow.)

Only large generations fill a GPU: of `strategy.batch=16384` some 4,000 programs are scored, from 33,000 starts.
"""
