/** Saved models in other formats; a class a format, all of them readers of the same graph and weights. */
package org.vit4j.export;
