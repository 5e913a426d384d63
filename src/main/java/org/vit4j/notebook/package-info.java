/**
 * vit4j in notebooks. {@link org.vit4j.notebook.Notebook} and {@link org.vit4j.notebook.Explain} hold the functions
 * that are called in cells.
 *
 * <p>They return a {@link org.vit4j.notebook.Figure}, which any kernel can show, or a {@link
 * org.vit4j.notebook.TrainedRun}. The package does not depend on a kernel: startup lines of each kernel ({@code
 * notebooks/kernels}) create a {@link org.vit4j.notebook.Display} from the kernel's own functions.
 */
package org.vit4j.notebook;
