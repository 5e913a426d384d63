/**
 * From a checkpoint or a saved model into a network: which array is which weight, and what is done where the network has
 * another image size, other classes or other channels. Knows the parts of a graph, no architecture by name, and nothing
 * native.
 */
package org.vit4j.checkpoint;
