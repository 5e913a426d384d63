/**
 * vit4j in notebooks. {@link org.vit4j.notebook.Notebook} has what is typed into cells; what it returns is a {@link
 * org.vit4j.notebook.Figure}, which any kernel can show, or a {@link org.vit4j.notebook.Run}. No kernel is known here: two
 * lines that a kernel runs first make a {@link org.vit4j.notebook.Screen} of its own calls ({@code notebooks/kernels}).
 */
package org.vit4j.notebook;
