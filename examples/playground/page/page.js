/** The page has three parts, which know nothing of each other. */
import './echo.js';
import './decode.js';
import './chat.js';
