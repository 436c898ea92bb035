"""Problems with a planted answer: spectrum, rank, scale, layout, dtype.

Few draws an example: structure is drawn and shrinks, bulk noise comes from a drawn seed.
"""

import hypothesis.strategies as st
import numpy as np

DTYPES = st.sampled_from([np.float64, np.float32])
