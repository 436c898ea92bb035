"""Chapter 4: one ReLU, its elbow, a network with one hidden layer, and stochastic gradient descent on it.

The derivative of ReLU at 0 is 0; the loss is ½(f(x) − y)²; parameters move together, from the gradients at the old
ones. ReLU would hide an infinity in the parameters (the unit is simply off), so what comes in is always looked at.
What training makes of it is not: parameters that diverge end as infinity or NaN, as they would in NumPy.
"""
