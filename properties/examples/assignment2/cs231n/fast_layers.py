from past.builtins import xrange

from .im2col_cython import col2im_cython, im2col_cython


def conv_forward_im2col(x, w, b, conv_param):
    return im2col_cython(x, *(w.shape[i] for i in xrange(2)))
