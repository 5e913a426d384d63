/** A network as a drawing: boxes by stage and block, shapes on the arrows, SVG or PNG. */
package org.vit4j.plot;
