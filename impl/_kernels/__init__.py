"""What is compiled and shared: the compile policy, BLAS and LAPACK, scaling, factorisations, refinement, streams."""
