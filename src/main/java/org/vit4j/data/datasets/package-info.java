/**
 * Sources of labeled images.
 *
 * <p>{@link org.vit4j.data.datasets.Dataset} is the interface that every source implements, and that users of the library
 * implement for their own. The package has the digits in the jar, MNIST, CIFAR and image folders, decorators that select
 * or relabel images, and the search for files in directories.
 */
package org.vit4j.data.datasets;
